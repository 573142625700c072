/*
 * Stands between a process under test and its files: records what it writes and when it makes that durable, fails
 * calls with an errno, and kills the process at a named moment. Loaded with LD_PRELOAD; does nothing to files
 * outside of CRASH_DIR. Test equipment only.
 *
 * CRASH_DIR      directory whose files are watched
 * CRASH_CONTROL  file of 32-bit words, shared with the rig (see disk_shim.ts for their meaning)
 * CRASH_TRACE    file that every change is appended to; absent: nothing is recorded
 *
 * A record of the trace is: length of all that follows (u32), operation (u8), offset or size (u64), length of the
 * name (u16), name, data. Numbers are little-endian. Each is appended by one write, so records of several threads,
 * and those that the rig appends itself, do not mix.
 */
#define _GNU_SOURCE
#include <dlfcn.h>
#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <signal.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <sys/types.h>
#include <sys/uio.h>
#include <unistd.h>

enum { OP_OPEN = 1, OP_WRITE, OP_TRUNCATE, OP_SYNC, OP_SYNC_DIRECTORY, OP_RENAME, OP_UNLINK };
enum { WRITE_ERRNO, SYNC_ERRNO, KILL_KIND, KILL_MOMENT, KILL_COUNTDOWN, SKIPPED_KIND, KILLED, WORDS };
enum { BEFORE_SYNC = 1, AFTER_SYNC, AMID_WRITE, AFTER_WRITE };
/* Kinds of file, by name. */
enum { KIND_NONE, KIND_DATABASE, KIND_LOG, KIND_OTHER, KIND_DIRECTORY, KIND_AUDIT };

#define FDS 4096
static char *names[FDS];
static const char *dir;
static size_t dir_length;
static volatile uint32_t *control;
static int trace = -1;

static int (*real_open)(const char *, int, ...);
static int (*real_openat)(int, const char *, int, ...);
static int (*real_close)(int);
static ssize_t (*real_write)(int, const void *, size_t);
static ssize_t (*real_writev)(int, const struct iovec *, int);
static ssize_t (*real_pwrite)(int, const void *, size_t, off64_t);
static int (*real_ftruncate)(int, off64_t);
static int (*real_fsync)(int);
static int (*real_fdatasync)(int);
static int (*real_rename)(const char *, const char *);
static int (*real_unlink)(const char *);
static int (*real_fcntl)(int, int, ...);

__attribute__((constructor)) static void start(void) {
  real_open = dlsym(RTLD_NEXT, "open64");
  real_openat = dlsym(RTLD_NEXT, "openat64");
  real_close = dlsym(RTLD_NEXT, "close");
  real_write = dlsym(RTLD_NEXT, "write");
  real_writev = dlsym(RTLD_NEXT, "writev");
  real_pwrite = dlsym(RTLD_NEXT, "pwrite64");
  real_ftruncate = dlsym(RTLD_NEXT, "ftruncate64");
  real_fsync = dlsym(RTLD_NEXT, "fsync");
  real_fdatasync = dlsym(RTLD_NEXT, "fdatasync");
  real_rename = dlsym(RTLD_NEXT, "rename");
  real_unlink = dlsym(RTLD_NEXT, "unlink");
  real_fcntl = dlsym(RTLD_NEXT, "fcntl64");
  const char *wanted = getenv("CRASH_DIR"), *words = getenv("CRASH_CONTROL"), *into = getenv("CRASH_TRACE");
  if (!wanted || !words) return;
  int fd = real_open(words, O_RDWR | O_CLOEXEC);
  if (fd < 0) return;
  control = mmap(NULL, WORDS * 4, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
  real_close(fd);
  if (control == MAP_FAILED) { control = NULL; return; }
  if (into) trace = real_open(into, O_WRONLY | O_APPEND | O_CLOEXEC);
  dir_length = strlen(wanted);
  dir = strdup(wanted);
}

/* The part of a path below the watched directory; NULL for any other. "." is the directory itself. */
static const char *below(const char *path) {
  if (!dir || !path || strncmp(path, dir, dir_length) != 0) return NULL;
  if (path[dir_length] == 0) return ".";
  return path[dir_length] == '/' ? path + dir_length + 1 : NULL;
}

static const char *name_of(int fd) { return fd >= 0 && fd < FDS ? names[fd] : NULL; }

static int ends_with(const char *name, const char *end) {
  size_t a = strlen(name), b = strlen(end);
  return a >= b && strcmp(name + a - b, end) == 0;
}

/* Shared memory is gone with the process and locks hold nothing: neither is data. */
static int is_data(const char *name) { return !ends_with(name, "-shm") && !ends_with(name, ".lock"); }

static uint32_t kind_of(int fd, const char *name) {
  struct stat64 info;
  if (fd >= 0 && fstat64(fd, &info) == 0 && S_ISDIR(info.st_mode)) return KIND_DIRECTORY;
  if (ends_with(name, ".db")) return KIND_DATABASE;
  if (ends_with(name, ".log")) return KIND_AUDIT;
  return ends_with(name, "-wal") ? KIND_LOG : KIND_OTHER;
}

static void record(uint8_t op, uint64_t number, const char *name, const void *data, size_t size) {
  if (trace < 0) return;
  int saved = errno;
  uint16_t name_length = strlen(name);
  uint32_t rest = 1 + 8 + 2 + name_length + size;
  uint8_t *whole = malloc(4 + rest), *at = whole;
  if (!whole) abort();
  memcpy(at, &rest, 4); at += 4;
  *at++ = op;
  memcpy(at, &number, 8); at += 8;
  memcpy(at, &name_length, 2); at += 2;
  memcpy(at, name, name_length); at += name_length;
  if (size) memcpy(at, data, size);
  if (real_write(trace, whole, 4 + rest) != (ssize_t)(4 + rest)) abort();
  free(whole);
  errno = saved;
}

/* Whether the process is to die now. */
static int is_time(uint32_t moment, uint32_t kind) {
  if (!control || control[KILL_MOMENT] != moment || control[KILL_KIND] != kind) return 0;
  return __sync_sub_and_fetch(&control[KILL_COUNTDOWN], 1) == 0;
}

static void die(void) {
  control[KILLED] = 1;
  kill(getpid(), SIGKILL);
  for (;;) pause();
}

static void remember(int fd, const char *path, int flags, int existed) {
  const char *name = below(path);
  if (fd < 0 || fd >= FDS) return;
  free(names[fd]);
  names[fd] = name ? strdup(name) : NULL;
  if (!name || !is_data(name)) return;
  if (!existed) record(OP_OPEN, 0, name, NULL, 0);
  if (existed && (flags & O_TRUNC)) record(OP_TRUNCATE, 0, name, NULL, 0);
}

static int opened(int at, const char *path, int flags, mode_t mode) {
  const int existed = !dir || faccessat(at, path, F_OK, 0) == 0;
  int fd = at == AT_FDCWD ? real_open(path, flags, mode) : real_openat(at, path, flags, mode);
  if (dir) remember(fd, path, flags, existed);
  return fd;
}

#define MODE(flags) \
  mode_t mode = 0; \
  if ((flags) & (O_CREAT | O_TMPFILE)) { va_list rest; va_start(rest, flags); mode = va_arg(rest, mode_t); va_end(rest); }

int open(const char *path, int flags, ...) { MODE(flags) return opened(AT_FDCWD, path, flags, mode); }
int open64(const char *path, int flags, ...) { MODE(flags) return opened(AT_FDCWD, path, flags, mode); }
int openat64(int at, const char *path, int flags, ...) { MODE(flags) return opened(at, path, flags, mode); }

int close(int fd) {
  if (fd >= 0 && fd < FDS && names[fd]) { free(names[fd]); names[fd] = NULL; }
  return real_close(fd);
}

/* Another descriptor of the same file: a runtime takes one for what it does on another thread. */
static int duplicated(int fd, int command, void *argument) {
  int made = real_fcntl(fd, command, argument);
  if (command != F_DUPFD && command != F_DUPFD_CLOEXEC) return made;
  const char *name = name_of(fd);
  if (made >= 0 && made < FDS && dir) { free(names[made]); names[made] = name ? strdup(name) : NULL; }
  return made;
}

#define ARGUMENT(command) \
  va_list rest; va_start(rest, command); void *argument = va_arg(rest, void *); va_end(rest);

int fcntl(int fd, int command, ...) { ARGUMENT(command) return duplicated(fd, command, argument); }
int fcntl64(int fd, int command, ...) { ARGUMENT(command) return duplicated(fd, command, argument); }

/* Answers the size that may be written: less than asked for when the process dies amid it. */
static ssize_t put(int fd, const void *data, size_t size, int64_t offset, const char *name) {
  if (control[WRITE_ERRNO]) { errno = control[WRITE_ERRNO]; return -1; }
  uint32_t kind = kind_of(fd, name);
  size_t part = is_time(AMID_WRITE, kind) ? size / 2 : size;
  ssize_t done = offset < 0 ? real_write(fd, data, part) : real_pwrite(fd, data, part, offset);
  if (done > 0) {
    uint64_t at = offset < 0 ? (uint64_t)lseek64(fd, 0, SEEK_CUR) - done : (uint64_t)offset;
    record(OP_WRITE, at, name, data, done);
  }
  if (part < size) die();
  if (is_time(AFTER_WRITE, kind)) die();
  return done;
}

ssize_t write(int fd, const void *data, size_t size) {
  const char *name = name_of(fd);
  return name && is_data(name) ? put(fd, data, size, -1, name) : real_write(fd, data, size);
}

ssize_t writev(int fd, const struct iovec *parts, int count) {
  const char *name = name_of(fd);
  if (!name || !is_data(name) || count < 1) return real_writev(fd, parts, count);
  return put(fd, parts[0].iov_base, parts[0].iov_len, -1, name);
}

ssize_t pwrite64(int fd, const void *data, size_t size, off64_t offset) {
  const char *name = name_of(fd);
  return name && is_data(name) ? put(fd, data, size, offset, name) : real_pwrite(fd, data, size, offset);
}

int ftruncate64(int fd, off64_t size) {
  const char *name = name_of(fd);
  int done = real_ftruncate(fd, size);
  if (done == 0 && name && is_data(name)) record(OP_TRUNCATE, size, name, NULL, 0);
  return done;
}

static int sync_with(int (*real)(int), int fd) {
  const char *name = name_of(fd);
  if (!name || !is_data(name)) return real(fd);
  uint32_t kind = kind_of(fd, name);
  if (is_time(BEFORE_SYNC, kind)) die();
  if (control[SYNC_ERRNO] && kind != KIND_DIRECTORY) { errno = control[SYNC_ERRNO]; return -1; }
  if (control[SKIPPED_KIND] == kind) return 0;
  int done = real(fd);
  if (done == 0) record(kind == KIND_DIRECTORY ? OP_SYNC_DIRECTORY : OP_SYNC, 0, name, NULL, 0);
  if (is_time(AFTER_SYNC, kind)) die();
  return done;
}

int fsync(int fd) { return sync_with(real_fsync, fd); }
int fdatasync(int fd) { return sync_with(real_fdatasync, fd); }

int rename(const char *from, const char *to) {
  int done = real_rename(from, to);
  const char *a = below(from), *b = below(to);
  if (done == 0 && a && b) record(OP_RENAME, 0, a, b, strlen(b));
  return done;
}

int unlink(const char *path) {
  int done = real_unlink(path);
  const char *name = below(path);
  if (done == 0 && name && is_data(name)) record(OP_UNLINK, 0, name, NULL, 0);
  return done;
}
