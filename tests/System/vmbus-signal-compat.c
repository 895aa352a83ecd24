// The ioctls of src/Kernel from a 32-bit program: vmbus-signal-compat INSTANCE. Without a C library, of which 64-bit machines
// have no 32-bit one; it says "compat ok", or the step that failed.

#include "../../src/Kernel/vmbus_signal.h"

_Static_assert(sizeof(void *) == 4, "this is built for 32 bits");
_Static_assert(sizeof(struct vmbus_signal_bind) == 48, "the layout is the same for all");
_Static_assert(sizeof(struct vmbus_signal_low_latency) == 16, "the layout is the same for all");
_Static_assert(sizeof(struct vmbus_signal_state) == 128, "the layout is the same for all");

enum { EXIT = 1, WRITE = 4, OPEN = 5, IOCTL = 54 };

static int call(int number, int a, int b, int c)
{
    int result;
    __asm__ volatile("int $0x80" : "=a"(result) : "a"(number), "b"(a), "c"(b), "d"(c) : "memory");
    return result;
}

static void end(const char *text, int status)
{
    int length = 0;
    while (text[length])
        length++;
    call(WRITE, 1, (int)text, length);
    call(EXIT, status, 0, 0);
}

static unsigned int digit(char c)
{
    return c <= '9' ? c - '0' : (c | 32) - 'a' + 10;
}

// The text's bytes in the order of the bus.
static const unsigned char places[16] = { 6, 4, 2, 0, 11, 9, 16, 14, 19, 21, 24, 26, 28, 30, 32, 34 };

__attribute__((used)) static void run(int count, char **words)
{
    struct vmbus_signal_bind bind = { .uio_fd = -1 };
    struct vmbus_signal_low_latency wish = { .enable = 1 };
    struct vmbus_signal_state state = {};
    __u32 version = 0;
    int i, fd;
    if (count != 2)
        end("an instance is wanted\n", 2);
    for (i = 0; i < 16; i++)
        bind.instance[i] = digit(words[1][places[i]]) << 4 | digit(words[1][places[i] + 1]);
    fd = call(OPEN, (int)"/dev/vmbus/signal", 2, 0);
    if (fd < 0)
        end("open\n", 1);
    if (call(IOCTL, fd, VMBUS_SIGNAL_IOC_VERSION, (int)&version) != 0 || version != VMBUS_SIGNAL_VERSION)
        end("version\n", 1);
    if (call(IOCTL, fd, VMBUS_SIGNAL_IOC_BIND, (int)&bind) != 0)
        end("bind\n", 1);
    if (call(IOCTL, fd, VMBUS_SIGNAL_IOC_SIGNAL, 0) != 0)
        end("signal\n", 1);
    if (call(IOCTL, fd, VMBUS_SIGNAL_IOC_SET_LOW_LATENCY, (int)&wish) != 0)
        end("set\n", 1);
    if (call(IOCTL, fd, VMBUS_SIGNAL_IOC_GET_STATE, (int)&state) != 0 || state.signals != 1 || state.holders != 1 || !(state.flags & VMBUS_SIGNAL_LOW_LATENCY))
        end("state\n", 1);
    end("compat ok\n", 0);
}

// The kernel leaves the words on the stack: their count, then where each is.
__asm__(".globl _start\n_start:\n\tmov %esp, %eax\n\tlea 4(%eax), %edx\n\tpush %edx\n\tpush (%eax)\n\tcall run\n");
