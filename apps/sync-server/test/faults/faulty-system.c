/*
 * A disk and a clock that a test makes worse, between the server and the C library (LD_PRELOAD). What concerns the
 * disk is about files below FAULTS_DIRECTORY only. The test writes into the control block, a file of 64-bit numbers
 * that both sides map. Built by faulty-system.ts, which names the slots too.
 */
#define _GNU_SOURCE
#include <dirent.h>
#include <dlfcn.h>
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <sys/time.h>
#include <time.h>
#include <unistd.h>

enum {
  WRITE_ERROR,  /* errno of every write; 0: none */
  SYNC_ERROR,   /* errno of every fsync and fdatasync */
  HANGS,        /* 1: fsync and fdatasync do not come back */
  FAIL_AT,      /* the one operation that fails, by number; 0: none */
  FAIL_ERROR,   /* with this errno */
  OPERATIONS,   /* writes and syncs so far */
  AFTER_FAILURE, /* writes and syncs on a file that had failed and was not closed since: must stay 0 */
  SYNCS,        /* successful syncs of files */
  CLOCK_SECONDS, /* added to the wall clock */
  SLOTS
};

static volatile int64_t none[SLOTS];
static volatile int64_t *control = none;
static const char *directory, *journal, *graveyard;
static int journal_fd = -1;
static char has_failed[4096];

#undef fwrite_unlocked
#undef fflush_unlocked

/* The C library's own function of this name. */
#define REAL(name) \
  static __typeof__(name) *real; \
  if (!real) real = (__typeof__(name) *)dlsym(RTLD_NEXT, #name)

__attribute__((constructor)) static void start(void) {
  const char *file = getenv("FAULTS_CONTROL");
  directory = getenv("FAULTS_DIRECTORY");
  journal = getenv("FAULTS_JOURNAL");
  graveyard = getenv("FAULTS_GRAVEYARD");
  if (file) {
    int fd = open(file, O_RDWR | O_CLOEXEC);
    void *at = fd < 0 ? MAP_FAILED : mmap(NULL, SLOTS * 8, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
    if (at != MAP_FAILED) control = at;
    if (fd >= 0) close(fd);
  }
  if (journal) journal_fd = open(journal, O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0600);
}

static int is_ours(const char *path) {
  size_t length = directory ? strlen(directory) : 0;
  return length > 0 && strncmp(path, directory, length) == 0 && (path[length] == '/' || path[length] == 0);
}

static int path_of(int fd, char *path) {
  char link[64];
  snprintf(link, sizeof link, "/proc/self/fd/%d", fd);
  ssize_t length = readlink(link, path, PATH_MAX - 1);
  if (length < 0) return 0;
  path[length] = 0;
  return is_ours(path);
}

/* The errno with which this operation on the file fails; 0: it does not. Failed files are remembered for the database
   only, which works with streams and fdatasync: how Node closes its files cannot be seen from here. */
static int fault_of(int fd, int64_t always, int is_database) {
  char path[PATH_MAX];
  if (control == none || fd < 0 || !path_of(fd, path)) return 0;
  int slot = fd % (int)sizeof has_failed;
  if (is_database && has_failed[slot]) __sync_fetch_and_add(&control[AFTER_FAILURE], 1);
  int64_t number = __sync_add_and_fetch(&control[OPERATIONS], 1);
  int64_t error = number == control[FAIL_AT] ? control[FAIL_ERROR] : always;
  if (error && is_database) has_failed[slot] = 1;
  return (int)error;
}

size_t fwrite_unlocked(const void *data, size_t size, size_t count, FILE *file) {
  REAL(fwrite_unlocked);
  int error = fault_of(fileno(file), control[WRITE_ERROR], 1);
  if (!error) return real(data, size, count, file);
  errno = error;
  return 0;
}

int fflush_unlocked(FILE *file) {
  REAL(fflush_unlocked);
  int error = file ? fault_of(fileno(file), control[WRITE_ERROR], 1) : 0;
  if (!error) return real(file);
  errno = error;
  return EOF;
}

ssize_t write(int fd, const void *data, size_t size) {
  REAL(write);
  int error = fault_of(fd, control[WRITE_ERROR], 0);
  if (!error) return real(fd, data, size);
  errno = error;
  return -1;
}

ssize_t pwrite64(int fd, const void *data, size_t size, off64_t at) {
  REAL(pwrite64);
  int error = fault_of(fd, control[WRITE_ERROR], 0);
  if (!error) return real(fd, data, size, at);
  errno = error;
  return -1;
}

int fclose(FILE *file) {
  REAL(fclose);
  int fd = file ? fileno(file) : -1;
  if (fd >= 0) has_failed[fd % (int)sizeof has_failed] = 0;
  return real(file);
}

/* What is on disk once this sync has succeeded: as many bytes of the file, or these names of the directory. */
static size_t describe(int fd, const char *path, char *text, size_t room) {
  struct stat stat;
  if (fstat(fd, &stat) < 0) return 0;
  if (!S_ISDIR(stat.st_mode))
    return snprintf(text, room, "file %llu %llu\n", (unsigned long long)stat.st_ino, (unsigned long long)stat.st_size);
  size_t used = snprintf(text, room, "directory\n");
  DIR *entries = opendir(path);
  if (!entries) return 0;
  for (struct dirent *entry; (entry = readdir(entries)) && used < room - 300;)
    if (entry->d_name[0] != '.')
      used += snprintf(text + used, room - used, "name %llu %s\n", (unsigned long long)entry->d_ino, entry->d_name);
  closedir(entries);
  return used + snprintf(text + used, room - used, "end\n");
}

static int sync_with(int (*real)(int), int fd, int is_database) {
  char path[PATH_MAX], text[65536];
  int error = fault_of(fd, control[SYNC_ERROR], is_database);
  if (error) {
    errno = error;
    return -1;
  }
  if (!directory || !path_of(fd, path)) return real(fd);
  while (control[HANGS]) usleep(1000);
  size_t length = journal_fd < 0 ? 0 : describe(fd, path, text, sizeof text);
  int result = real(fd);
  if (result == 0) {
    __sync_fetch_and_add(&control[SYNCS], 1);
    if (length > 0 && write(journal_fd, text, length) < 0) abort();
  }
  return result;
}

int fdatasync(int fd) {
  REAL(fdatasync);
  return sync_with(real, fd, 1);
}

int fsync(int fd) {
  REAL(fsync);
  return sync_with(real, fd, 0);
}

/* A name that goes away may still be there after a power cut: its file is kept under its number. */
static void bury(const char *path) {
  struct stat stat;
  char kept[PATH_MAX];
  if (!graveyard || !is_ours(path) || lstat(path, &stat) < 0 || !S_ISREG(stat.st_mode)) return;
  snprintf(kept, sizeof kept, "%s/%llu", graveyard, (unsigned long long)stat.st_ino);
  if (link(path, kept) < 0 && errno != EEXIST) abort();
}

int unlink(const char *path) {
  REAL(unlink);
  bury(path);
  return real(path);
}

int rename(const char *from, const char *to) {
  REAL(rename);
  bury(to);
  return real(from, to);
}

int clock_gettime(clockid_t clock, struct timespec *time) {
  REAL(clock_gettime);
  int result = real(clock, time);
  if (result == 0 && (clock == CLOCK_REALTIME || clock == CLOCK_REALTIME_COARSE)) time->tv_sec += control[CLOCK_SECONDS];
  return result;
}

int gettimeofday(struct timeval *restrict time, void *restrict zone) {
  REAL(gettimeofday);
  int result = real(time, zone);
  if (result == 0) time->tv_sec += control[CLOCK_SECONDS];
  return result;
}

time_t time(time_t *at) {
  struct timeval now;
  gettimeofday(&now, NULL);
  if (at) *at = now.tv_sec;
  return now.tv_sec;
}
