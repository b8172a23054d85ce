/* Makes the system say no. Loaded before a process, it counts every operation that changes a file or a folder,
 * over all threads and however it is called, and lets one of them fail in the way that a shared page asks for.
 * faults.rs describes the page. The system calls are caught by a filter (seccomp) and carried out again from one
 * place that the filter lets through, so that a call without the C library is counted as well. */
#define _GNU_SOURCE
#include <errno.h>
#include <fcntl.h>
#include <linux/audit.h>
#include <linux/filter.h>
#include <linux/seccomp.h>
#include <signal.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/uio.h>
#include <ucontext.h>
#include <unistd.h>

#ifndef __x86_64__
#error "only for x86-64"
#endif

enum { NOTHING, KILL, FAIL, SHORT, SKIP };
enum { WRITE = 1, SYNC = 2, LENGTH = 4, NAME = 8 };
enum { LOGGED = 1 << 16 };

struct page {
  uint64_t count, from, until;
  uint32_t what, error, kinds, fired;
  uint8_t log[LOGGED];
};

static volatile struct page *page;
static dev_t page_device;
static ino_t page_number;

long keyway_raw(long number, long a, long b, long c, long d, long e, long f);
extern const char keyway_raw_end[];
__asm__(".text\n.globl keyway_raw\n.hidden keyway_raw\n.globl keyway_raw_end\n.hidden keyway_raw_end\n"
        "keyway_raw:\n mov %rdi, %rax\n mov %rsi, %rdi\n mov %rdx, %rsi\n mov %rcx, %rdx\n"
        " mov %r8, %r10\n mov %r9, %r8\n mov 8(%rsp), %r9\n syscall\nkeyway_raw_end:\n ret\n");

/* What the calls do that are counted. */
static int kind_of(int number) {
  switch (number) {
    case SYS_write: case SYS_pwrite64: case SYS_writev: case SYS_pwritev: case SYS_pwritev2: return WRITE;
    case SYS_fsync: case SYS_fdatasync: return SYNC;
    case SYS_ftruncate: case SYS_fallocate: return LENGTH;
    case SYS_rename: case SYS_renameat: case SYS_renameat2: case SYS_unlink: case SYS_unlinkat:
    case SYS_mkdir: case SYS_mkdirat: case SYS_open: case SYS_openat: return NAME;
    default: return 0;
  }
}

/* True for a descriptor of a file or, to be synced, a folder: not for sockets, pipes and the page. */
static int on_disk(long descriptor) {
  struct stat about;
  if (keyway_raw(SYS_fstat, descriptor, (long)&about, 0, 0, 0, 0) < 0) return 0;
  if (about.st_dev == page_device && about.st_ino == page_number) return 0;
  return S_ISREG(about.st_mode) || S_ISDIR(about.st_mode);
}

static int counts(int number, long a, long b, long c) {
  switch (number) {
    case SYS_open: return (b & O_CREAT) != 0;
    case SYS_openat: return (c & O_CREAT) != 0;
    default: return kind_of(number) == NAME || on_disk(a);
  }
}

/* What a call that was skipped seems to have done. */
static long skipped(int number, long b, long c) {
  long length = 0;
  switch (number) {
    case SYS_write: case SYS_pwrite64: return c;
    case SYS_writev: case SYS_pwritev: case SYS_pwritev2:
      for (long at = 0; at < c; at++) length += ((struct iovec *)b)[at].iov_len;
      return length;
    default: return 0;
  }
}

static void caught(int signal, siginfo_t *info, void *context) {
  (void)signal;
  greg_t *saved = ((ucontext_t *)context)->uc_mcontext.gregs;
  int number = info->si_syscall;
  long a = saved[REG_RDI], b = saved[REG_RSI], c = saved[REG_RDX];
  long d = saved[REG_R10], e = saved[REG_R8], f = saved[REG_R9];
  if (counts(number, a, b, c)) {
    int kind = kind_of(number);
    uint64_t place = __atomic_add_fetch(&page->count, 1, __ATOMIC_SEQ_CST);
    if (place <= LOGGED) page->log[place - 1] = kind;
    if (page->what != NOTHING && (page->kinds & kind) && page->from <= place && place <= page->until) {
      page->fired++;
      switch (page->what) {
        case KILL:
          keyway_raw(SYS_kill, keyway_raw(SYS_getpid, 0, 0, 0, 0, 0, 0), SIGKILL, 0, 0, 0, 0);
          for (;;) keyway_raw(SYS_pause, 0, 0, 0, 0, 0, 0);
        case FAIL: saved[REG_RAX] = -(long)page->error; return;
        case SHORT:
          if (kind == WRITE) { c = c > 1 ? c / 2 : c; }
          break;
        case SKIP: saved[REG_RAX] = skipped(number, b, c); return;
      }
    }
  }
  saved[REG_RAX] = keyway_raw(number, a, b, c, d, e, f);
}

#define TRAPPED(number) BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, number, 0, 1), BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_TRAP)
#define LOAD(field) BPF_STMT(BPF_LD | BPF_W | BPF_ABS, (field))
#define ALLOW BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ALLOW)

__attribute__((constructor)) static void begin(void) {
  const char *path = getenv("KEYWAY_FAULTS");
  if (!path) return;
  int descriptor = open(path, O_RDWR | O_CLOEXEC);
  struct stat about;
  if (descriptor < 0 || fstat(descriptor, &about)) _exit(97);
  page_device = about.st_dev;
  page_number = about.st_ino;
  page = mmap(0, sizeof *page, PROT_READ | PROT_WRITE, MAP_SHARED, descriptor, 0);
  if (page == MAP_FAILED) _exit(97);
  close(descriptor);
  struct sigaction action = {.sa_sigaction = caught, .sa_flags = SA_SIGINFO | SA_NODEFER};
  if (sigaction(SIGSYS, &action, 0)) _exit(97);
  uint64_t place = (uint64_t)keyway_raw_end;
  struct sock_filter rules[] = {
    LOAD(offsetof(struct seccomp_data, arch)),
    BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, AUDIT_ARCH_X86_64, 1, 0), ALLOW,
    LOAD(offsetof(struct seccomp_data, instruction_pointer)),
    BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, (uint32_t)place, 0, 3),
    LOAD(offsetof(struct seccomp_data, instruction_pointer) + 4),
    BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, (uint32_t)(place >> 32), 0, 1), ALLOW,
    LOAD(offsetof(struct seccomp_data, nr)),
    TRAPPED(SYS_write), TRAPPED(SYS_pwrite64), TRAPPED(SYS_writev), TRAPPED(SYS_pwritev), TRAPPED(SYS_pwritev2),
    TRAPPED(SYS_fsync), TRAPPED(SYS_fdatasync), TRAPPED(SYS_ftruncate), TRAPPED(SYS_fallocate),
    TRAPPED(SYS_rename), TRAPPED(SYS_renameat), TRAPPED(SYS_renameat2), TRAPPED(SYS_unlink), TRAPPED(SYS_unlinkat),
    TRAPPED(SYS_mkdir), TRAPPED(SYS_mkdirat), TRAPPED(SYS_open), TRAPPED(SYS_openat),
    ALLOW,
  };
  struct sock_fprog program = {.len = sizeof rules / sizeof rules[0], .filter = rules};
  if (prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) || prctl(PR_SET_SECCOMP, SECCOMP_MODE_FILTER, &program)) _exit(97);
}
