/** Permissions of a request. Each is granted separately; none implies another. */
export const PERMISSIONS = ["read", "write", "list", "execute"] as const;

/** One of {@linkcode PERMISSIONS}. */
export type Permission = typeof PERMISSIONS[number];

/**
 * Permissions in a policy: the four of {@linkcode PERMISSIONS}, `admin` for all four outside the reserved paths, and
 * `super` for all four everywhere.
 */
export const PERMISSION_WORDS = [...PERMISSIONS, "admin", "super"] as const;

/** One of {@linkcode PERMISSION_WORDS}. */
export type PermissionWord = typeof PERMISSION_WORDS[number];

/** Whether a text is one of {@linkcode PERMISSION_WORDS}; case-sensitive. */
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

/** Whether a text is one of {@linkcode PERMISSIONS}; case-sensitive. */
export function isPermission(text: string): text is Permission {
  return (PERMISSIONS as readonly string[]).includes(text);
}
