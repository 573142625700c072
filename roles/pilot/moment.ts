/** A time in RFC 3339 as people read it: `2006-01-02 15:04:05 UTC`. */
export function moment(time: string): string {
  const date = new Date(time);
  if (Number.isNaN(date.getTime())) return time;
  return `${date.toISOString().slice(0, 19).replace("T", " ")} UTC`;
}
