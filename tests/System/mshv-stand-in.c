/*
 * Stands for /dev/mshv_sint and for a partition's descriptor of /dev/mshv, in a guest that has neither: a character device
 * served from user space. Speaks CUSE's wire protocol (include/uapi/linux/fuse.h, fs/fuse/cuse.c) itself, to need no library.
 *
 *   mshv-stand-in NAME     serves /dev/NAME until its input ends
 *
 * What it prints, a line each:
 *   ready                          the device is there
 *   ioctl NUMBER ARGUMENT PAYLOAD  a call, in hexadecimal: the argument's bytes, then what it points to, - for nothing
 *   ok                             a command is done
 * What it is told, a line each:
 *   answer RESULT STATUS BYTES     what calls answer from now on: the ioctl's result or a negative errno, a hypercall's
 *                                  status, the bytes of its output in hexadecimal or -
 *   message BYTES                  a message to be read
 *   paused N                       whether reads say that the stream is paused
 *   flag N                         signals the event that was set for a flag: what the kernel does when the host sets it
 */
#define _GNU_SOURCE
#include <errno.h>
#include <fcntl.h>
#include <linux/fuse.h>
#include <poll.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/syscall.h>
#include <sys/uio.h>
#include <unistd.h>

enum { SIGNAL_EVENT = 0x22, POST_MESSAGE = 0x23, SET_EVENTFD = 0x24, PAUSE = 0x25, ROOT_HVCALL = 0x07 };
enum { MESSAGES = 8, MESSAGE = 256, FLAGS = 2048, BUFFER = 1 << 17 };

struct post_message { uint64_t type; uint32_t connection, size; uint64_t payload; };
struct root_hvcall { uint16_t code, reps, in_size, out_size, status, reserved[3]; uint64_t in, out; };
struct set_eventfd { int32_t fd; uint32_t flag; };

static int device;
static int events[FLAGS];
static struct { int result, status, length; uint8_t bytes[4096]; } answer;
static struct { int length; uint8_t bytes[MESSAGE]; } messages[MESSAGES];
static int message_count, paused = 1;
static uint64_t poller;     /* who wants to be told when there is something to read; 0 for nobody */

static void die(const char *format, ...)
{
    va_list list;
    va_start(list, format);
    fputs("mshv-stand-in: ", stderr);
    vfprintf(stderr, format, list);
    fprintf(stderr, " (%s)\n", strerror(errno));
    exit(1);
}

static void send_parts(uint64_t unique, int error, struct iovec *parts, int count)
{
    struct fuse_out_header header = { .unique = unique, .error = error, .len = sizeof header };
    struct iovec all[4] = { { &header, sizeof header } };
    for (int i = 0; i < count; i++) {
        all[i + 1] = parts[i];
        header.len += parts[i].iov_len;
    }
    /* ENOENT: whoever asked has given up. */
    if (writev(device, all, count + 1) < 0 && errno != ENOENT)
        die("answer of %u bytes", header.len);
}

static void reply(uint64_t unique, const void *bytes, size_t length)
{
    send_parts(unique, 0, &(struct iovec){ (void *)bytes, length }, length != 0);
}

static void refuse(uint64_t unique, int error) { send_parts(unique, -error, NULL, 0); }

static void print_hex(const uint8_t *bytes, int length)
{
    if (length == 0)
        putchar('-');
    for (int i = 0; i < length; i++)
        printf("%02x", bytes[i]);
}

static int read_hex(const char *text, uint8_t *bytes, int most)
{
    int length = 0;
    unsigned one;
    while (length < most && sscanf(text + 2 * length, "%2x", &one) == 1)
        bytes[length++] = one;
    return length;
}

static int is_readable(void) { return paused || message_count > 0; }

static void tell_poller(void)
{
    if (poller == 0 || !is_readable())
        return;
    struct fuse_notify_poll_wakeup_out wakeup = { .kh = poller };
    poller = 0;
    send_parts(0, FUSE_NOTIFY_POLL, &(struct iovec){ &wakeup, sizeof wakeup }, 1);
}

static void greet(const struct fuse_in_header *in, const char *name)
{
    struct cuse_init_out out = {
        .major = FUSE_KERNEL_VERSION, .minor = FUSE_KERNEL_MINOR_VERSION, .flags = CUSE_UNRESTRICTED_IOCTL,
        .max_read = 1 << 16, .max_write = 1 << 16,
    };
    char info[64];
    int length = snprintf(info, sizeof info, "DEVNAME=%s", name) + 1;
    send_parts(in->unique, 0, (struct iovec[]){ { &out, sizeof out }, { info, length } }, 2);
}

/* The caller's descriptor, taken over as the kernel's eventfd_ctx_fdget would. */
static int take_event(pid_t caller, int fd)
{
    int process = syscall(SYS_pidfd_open, caller, O_EXCL /* PIDFD_THREAD */);
    if (process < 0)
        process = syscall(SYS_pidfd_open, caller, 0);
    int taken = process < 0 ? -1 : syscall(SYS_pidfd_getfd, process, fd, 0);
    if (taken < 0)
        die("descriptor %d of process %d", fd, caller);
    close(process);
    return taken;
}

/* A call's argument, and what it points to, come in rounds: each says which memory of the caller's it needs as well. */
static void control(const struct fuse_in_header *in, const struct fuse_ioctl_in *call, const uint8_t *bytes)
{
    int size = _IOC_SIZE(call->cmd), number = _IOC_NR(call->cmd), ins = 1, outs = 0;
    struct fuse_ioctl_iovec iov[4] = { { call->arg, size } };
    struct fuse_ioctl_out out = { .result = answer.result };
    size_t needed = size;
    const struct root_hvcall *hypercall = (const void *)bytes;

    if (call->in_size >= (uint32_t)size && number == POST_MESSAGE) {
        const struct post_message *post = (const void *)bytes;
        if (post->size > 0)
            iov[ins++] = (struct fuse_ioctl_iovec){ post->payload, post->size };
        needed += post->size;
    }
    if (_IOC_DIR(call->cmd) & _IOC_READ)
        outs = 1;
    if (call->in_size >= (uint32_t)size && number == ROOT_HVCALL) {
        if (hypercall->in_size > 0)
            iov[ins++] = (struct fuse_ioctl_iovec){ hypercall->in, hypercall->in_size };
        needed += hypercall->in_size;
    }
    if (call->in_size < needed) {
        if (outs == 1)
            iov[ins] = iov[0];
        if (outs == 1 && call->in_size >= (uint32_t)size && hypercall->out_size > 0)
            iov[ins + outs++] = (struct fuse_ioctl_iovec){ hypercall->out, hypercall->out_size };
        out = (struct fuse_ioctl_out){ .flags = FUSE_IOCTL_RETRY, .in_iovs = ins, .out_iovs = outs };
        send_parts(in->unique, 0, (struct iovec[]){ { &out, sizeof out }, { iov, sizeof iov[0] * (ins + outs) } }, 2);
        return;
    }

    printf("ioctl %x ", call->cmd);
    print_hex(bytes, size);
    putchar(' ');
    print_hex(bytes + size, needed - size);
    putchar('\n');
    if (number == SET_EVENTFD && answer.result == 0) {
        const struct set_eventfd *set = (const void *)bytes;
        if (events[set->flag % FLAGS] > 0)
            close(events[set->flag % FLAGS]);
        events[set->flag % FLAGS] = set->fd < 0 ? 0 : take_event(in->pid, set->fd);
    }
    if (number == PAUSE && answer.result == 0) {
        paused = bytes[0];
        tell_poller();
    }
    if (number == ROOT_HVCALL) {
        struct root_hvcall done = *hypercall;
        uint8_t output[4096] = { 0 };
        done.status = answer.status;
        memcpy(output, answer.bytes, answer.length);
        size_t length = hypercall->out_size < sizeof output ? hypercall->out_size : sizeof output;
        send_parts(in->unique, 0, (struct iovec[]){ { &out, sizeof out }, { &done, sizeof done }, { output, length } }, 3);
        return;
    }
    reply(in->unique, &out, sizeof out);
}

static void serve(const char *name)
{
    static uint64_t aligned[BUFFER / 8];
    uint8_t *buffer = (uint8_t *)aligned;
    ssize_t length = read(device, buffer, BUFFER);
    if (length < 0 && (errno == EINTR || errno == EAGAIN || errno == ENOENT))
        return;
    if (length < (ssize_t)sizeof(struct fuse_in_header))
        die("request of %zd bytes", length);
    const struct fuse_in_header *in = (const void *)buffer;
    const void *body = buffer + sizeof *in;

    switch (in->opcode) {
    case CUSE_INIT:
        greet(in, name);
        puts("ready");
        break;
    case FUSE_OPEN:
        reply(in->unique, &(struct fuse_open_out){ .open_flags = FOPEN_DIRECT_IO | FOPEN_NONSEEKABLE }, sizeof(struct fuse_open_out));
        break;
    case FUSE_READ:
        if (message_count > 0) {
            uint32_t room = ((const struct fuse_read_in *)body)->size;
            reply(in->unique, messages[0].bytes, room < (uint32_t)messages[0].length ? room : (uint32_t)messages[0].length);
            memmove(messages, messages + 1, sizeof messages[0] * --message_count);
        } else if (paused) {
            reply(in->unique, NULL, 0);
        } else {
            refuse(in->unique, EAGAIN);
        }
        break;
    case FUSE_IOCTL:
        control(in, body, (const uint8_t *)body + sizeof(struct fuse_ioctl_in));
        break;
    case FUSE_POLL: {
        const struct fuse_poll_in *want = body;
        if (!is_readable() && (want->flags & FUSE_POLL_SCHEDULE_NOTIFY))
            poller = want->kh;
        reply(in->unique, &(struct fuse_poll_out){ .revents = is_readable() ? POLLIN : 0 }, sizeof(struct fuse_poll_out));
        break;
    }
    case FUSE_RELEASE:
    case FUSE_FLUSH:
        reply(in->unique, NULL, 0);
        break;
    case FUSE_INTERRUPT:
    case FUSE_FORGET:
        break;
    default:
        refuse(in->unique, ENOSYS);
    }
    fflush(stdout);
}

static int obey(void)
{
    static char line[3 * 4096], rest[3 * 4096];
    int number;
    if (fgets(line, sizeof line, stdin) == NULL)
        return 0;
    if (sscanf(line, "answer %d %d %s", &answer.result, &answer.status, rest) == 3) {
        answer.length = read_hex(rest, answer.bytes, sizeof answer.bytes);
    } else if (sscanf(line, "message %s", rest) == 1) {
        if (message_count == MESSAGES)
            die("more than %d messages", MESSAGES);
        messages[message_count].length = read_hex(rest, messages[message_count].bytes, MESSAGE);
        message_count++;
    } else if (sscanf(line, "paused %d", &paused) == 1) {
        /* That is all. */
    } else if (sscanf(line, "flag %d", &number) == 1) {
        uint64_t one = 1;
        if (number < 0 || number >= FLAGS || events[number] <= 0 || write(events[number], &one, sizeof one) < 0)
            die("no event for flag %d", number);
    } else {
        die("not a command: %s", line);
    }
    tell_poller();
    puts("ok");
    fflush(stdout);
    return 1;
}

int main(int count, char **arguments)
{
    if (count != 2)
        die("usage: mshv-stand-in NAME");
    /* One line a time, so that poll knows whether another is there. */
    setvbuf(stdin, NULL, _IONBF, 0);
    device = open("/dev/cuse", O_RDWR | O_CLOEXEC);
    if (device < 0)
        die("/dev/cuse");
    struct pollfd polled[] = { { .fd = device, .events = POLLIN }, { .fd = 0, .events = POLLIN } };
    while (poll(polled, 2, -1) >= 0 || errno == EINTR) {
        if (polled[0].revents)
            serve(arguments[1]);
        if (polled[1].revents && !obey())
            return 0;
    }
    die("poll");
}
