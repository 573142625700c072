/** What can be wanted: each is granted by itself, none implies another. */
export const PERMISSIONS = ["read", "write", "list", "execute"] as const;

/** What a caller needs for a request. */
export type Permission = typeof PERMISSIONS[number];

/**
 * What a policy may say: the permissions, `admin` for all four outside the reserved paths, and `super` for
 * everything that a policy can grant, reserved paths included.
 */
export const PERMISSION_WORDS = [...PERMISSIONS, "admin", "super"] as const;

/** One word of a policy. */
export type PermissionWord = typeof PERMISSION_WORDS[number];

/** Whether a text is a word of a policy, in exactly this case. */
export function isPermissionWord(text: string): text is PermissionWord {
  return (PERMISSION_WORDS as readonly string[]).includes(text);
}

/** Whether `words` grant one permission, on a reserved path or on any other. */
export function isGranted(
  words: readonly PermissionWord[],
  wanted: Permission,
  isReserved: boolean,
): boolean {
  return words.some((word) =>
    word === wanted || word === "super" || (word === "admin" && !isReserved)
  );
}

/** Whether a text is a single permission, in exactly this case. */
export function isPermission(text: string): text is Permission {
  return (PERMISSIONS as readonly string[]).includes(text);
}
