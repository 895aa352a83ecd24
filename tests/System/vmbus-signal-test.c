// What the kernel module of src/Kernel must do, in a guest of our own host: a step a line. It runs as root in a guest that is
// thrown away after it. What the host is to do is written to the console, behind "@host"; whoever started the host reads it there.
//
//   vmbus-signal-test MODULE

#define _GNU_SOURCE
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <pthread.h>
#include <signal.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "../../src/Kernel/vmbus_signal.h"

#define NODE "/dev/vmbus/signal"
#define DEVICES "/sys/bus/vmbus/devices/"
#define DRIVERS "/sys/bus/vmbus/drivers/"
#define ECHO_CLASS "e0f1c2d3-7a54-4b1e-9c06-5d2f6a8b9e01"
#define ECHO_0 "e0f1c2d3-7a54-4b1e-9c06-5d2f6a8b9e00"    // monitored, window 5 ms
#define ECHO_3 "e0f1c2d3-7a54-4b1e-9c06-5d2f6a8b9e03"    // monitored, taken back and offered again
#define ECHO_4 "e0f1c2d3-7a54-4b1e-9c06-5d2f6a8b9e04"    // without a monitor
#define HEARTBEAT_CLASS "57164f39-9115-4e78-ab55-382f3bd5422d"
#define PATIENCE 60     // seconds that nothing takes, however busy the machine

static const char *module_file;
static const char *step_name;
static bool step_failed;
static char heartbeat[40];

static void fail(int line, const char *format, ...)
{
    va_list list;
    va_start(list, format);
    printf("FAILED %s (line %d): ", step_name, line);
    vprintf(format, list);
    printf("\n");
    va_end(list);
    step_failed = true;
}

// Within a step: what must be so, or the step ends.
#define NEED(condition, ...) \
    do { if (!(condition)) { fail(__LINE__, __VA_ARGS__); return; } } while (0)
// A call must fail with an error, or succeed with 0.
#define EXPECT(error, call) \
    do { int got_ = (call) < 0 ? errno : 0; NEED(got_ == (error), "%s: %s instead of %s", #call, strerrorname(got_), strerrorname(error)); } while (0)
#define UNTIL(condition, what) \
    do { double end_ = now() + PATIENCE; while (!(condition)) { NEED(now() < end_, "not in %d s: %s", PATIENCE, what); usleep(20000); } } while (0)

static const char *strerrorname(int error)
{
    return error == 0 ? "success" : strerrorname_np(error) ? strerrorname_np(error) : "an unknown error";
}

static double now(void)
{
    struct timespec time;
    clock_gettime(CLOCK_MONOTONIC, &time);
    return time.tv_sec + time.tv_nsec / 1e9;
}

// ---- sysfs

static bool exists(const char *format, ...)
{
    char path[512];
    va_list list;
    va_start(list, format);
    vsnprintf(path, sizeof(path), format, list);
    va_end(list);
    return access(path, F_OK) == 0;
}

static bool read_text(const char *path, char *text, size_t size)
{
    int fd = open(path, O_RDONLY | O_CLOEXEC);
    if (fd < 0)
        return false;
    ssize_t length = read(fd, text, size - 1);
    close(fd);
    if (length < 0)
        return false;
    text[length] = 0;
    text[strcspn(text, "\n")] = 0;
    return true;
}

static long long number(const char *format, ...)
{
    char path[512], text[64];
    va_list list;
    va_start(list, format);
    vsnprintf(path, sizeof(path), format, list);
    va_end(list);
    return read_text(path, text, sizeof(text)) ? strtoll(text, NULL, 0) : -1;
}

static bool write_text(const char *path, const char *text)
{
    int fd = open(path, O_WRONLY | O_CLOEXEC);
    if (fd < 0)
        return false;
    bool ok = write(fd, text, strlen(text)) == (ssize_t)strlen(text);
    int error = errno;
    close(fd);
    errno = error;
    return ok;
}

// The first line of a command's output.
static bool command(char *text, size_t size, const char *format, ...)
{
    char line[512];
    va_list list;
    va_start(list, format);
    vsnprintf(line, sizeof(line), format, list);
    va_end(list);
    FILE *pipe = popen(line, "r");
    text[0] = 0;
    if (pipe && fgets(text, size, pipe))
        text[strcspn(text, "\n")] = 0;
    return pipe && pclose(pipe) == 0;
}

// The least relid of a device is its primary channel's here: subchannels are offered later.
static int relid_of(const char *device)
{
    char text[64];
    command(text, sizeof(text), "ls %s%s/channels 2>/dev/null | sort -n | head -n 1", DEVICES, device);
    return atoi(text);
}

static long long events(const char *device)
{
    return number(DEVICES "%s/channels/%d/events", device, relid_of(device));
}

static long long interrupts(const char *device)
{
    return number(DEVICES "%s/channels/%d/interrupts", device, relid_of(device));
}

static bool has_driver(const char *device)
{
    return exists(DEVICES "%s/driver", device);
}

static bool drive(const char *driver, const char *action, const char *device)
{
    char path[256];
    snprintf(path, sizeof(path), DRIVERS "%s/%s", driver, action);
    return write_text(path, device);
}

// ---- the module

static struct vmbus_signal_bind named(const char *device, uint32_t relid, int uio_fd)
{
    struct vmbus_signal_bind bind = { .relid = relid, .uio_fd = uio_fd };
    unsigned int a, b, c, d, i, byte;
    sscanf(device, "%8x-%4x-%4x-%4x-", &a, &b, &c, &d);
    memcpy(bind.instance, &a, 4);
    memcpy(bind.instance + 4, (uint16_t[]){ b, c }, 4);
    bind.instance[8] = d >> 8;
    bind.instance[9] = d;
    for (i = 0; i < 6; i++) {
        sscanf(device + 24 + 2 * i, "%2x", &byte);
        bind.instance[10 + i] = byte;
    }
    return bind;
}

static int bind_to(int fd, const char *device, uint32_t relid, int uio_fd)
{
    struct vmbus_signal_bind bind = named(device, relid, uio_fd);
    return ioctl(fd, VMBUS_SIGNAL_IOC_BIND, &bind);
}

// A descriptor that is bound, or -1 and why.
static int bound(const char *device, uint32_t relid, int uio_fd, int mode)
{
    int fd = open(NODE, mode | O_CLOEXEC);
    if (fd >= 0 && bind_to(fd, device, relid, uio_fd) < 0) {
        int error = errno;
        close(fd);
        errno = error;
        return -1;
    }
    return fd;
}

static int set(int fd, uint32_t enable, uint32_t scope)
{
    struct vmbus_signal_low_latency wish = { .enable = enable, .scope = scope };
    return ioctl(fd, VMBUS_SIGNAL_IOC_SET_LOW_LATENCY, &wish);
}

static int hold(int fd, bool enable)
{
    return set(fd, enable, VMBUS_SIGNAL_SCOPE_DESCRIPTOR);
}

static int keep(int fd, bool enable)
{
    return set(fd, enable, VMBUS_SIGNAL_SCOPE_KEPT);
}

static int send_signal(int fd)
{
    return ioctl(fd, VMBUS_SIGNAL_IOC_SIGNAL, 0);
}

// One that finds nothing to do, whatever the whole guest has had of such this second.
static int wake(int fd)
{
    double end = now() + PATIENCE;
    int status;
    while ((status = send_signal(fd)) < 0 && errno == EAGAIN && now() < end)
        usleep(20000);
    return status;
}

static int state_of(int fd, struct vmbus_signal_state *state)
{
    memset(state, 0xA5, sizeof(*state));
    return ioctl(fd, VMBUS_SIGNAL_IOC_GET_STATE, state);
}

// What a channel's flags are, by a descriptor of its own.
static uint32_t flags_of(const char *device, uint32_t relid)
{
    struct vmbus_signal_state state;
    int fd = bound(device, relid, -1, O_RDONLY);
    if (fd < 0)
        return 0;
    if (state_of(fd, &state) < 0)
        state.flags = 0;
    close(fd);
    return state.flags;
}

static bool is_low_latency(const char *device)
{
    return flags_of(device, 0) & VMBUS_SIGNAL_LOW_LATENCY;
}

static short polled(int fd, int milliseconds)
{
    struct pollfd poll_fd = { .fd = fd, .events = POLLIN };
    return poll(&poll_fd, 1, milliseconds) < 0 ? -1 : poll_fd.revents;
}

static bool load(void)
{
    int fd = open(module_file, O_RDONLY | O_CLOEXEC);
    long status = fd < 0 ? -1 : syscall(SYS_finit_module, fd, "", 0);
    if (fd >= 0)
        close(fd);
    return status == 0;
}

static int unload(void)
{
    return syscall(SYS_delete_module, "vmbus_signal", O_NONBLOCK);
}

// Runs a function as nobody, without any capability, and tells whether it passed.
static bool as_nobody(void (*function)(void *), void *argument)
{
    fflush(stdout);
    pid_t child = fork();
    if (child == 0) {
        if (setresgid(65534, 65534, 65534) != 0 || setresuid(65534, 65534, 65534) != 0)
            fail(__LINE__, "cannot become nobody");
        else
            function(argument);
        fflush(stdout);
        _exit(step_failed);
    }
    int status = -1;
    waitpid(child, &status, 0);
    return status == 0;
}

// ---- a channel over UIO: two rings, one packet at a time

struct uio {
    char device[40];
    int fd;
    int number;
    uint32_t size;              // of one ring's data
    volatile uint32_t *out, *in;
    volatile uint32_t *page;    // the monitor page
};

static int uio_number(const char *device)
{
    char text[64];
    command(text, sizeof(text), "ls %s%s/uio 2>/dev/null", DEVICES, device);
    return strncmp(text, "uio", 3) == 0 ? atoi(text + 3) : -1;
}

static int uio_open(struct uio *uio, const char *device)
{
    char path[64];
    uint32_t whole;
    snprintf(uio->device, sizeof(uio->device), "%s", device);
    uio->number = uio_number(device);
    snprintf(path, sizeof(path), "/dev/uio%d", uio->number);
    uio->fd = open(path, O_RDWR | O_CLOEXEC);
    if (uio->fd < 0)
        return -1;
    whole = number("/sys/class/uio/uio%d/maps/map0/size", uio->number);
    uio->out = mmap(NULL, whole, PROT_READ | PROT_WRITE, MAP_SHARED, uio->fd, 0);
    uio->page = mmap(NULL, 4096, PROT_READ | PROT_WRITE, MAP_SHARED, uio->fd, 2 * 4096);
    if (uio->out == MAP_FAILED || uio->page == MAP_FAILED)
        return -1;
    uio->in = uio->out + whole / 2 / 4;
    uio->size = whole / 2 - 4096;
    return 0;
}

static void uio_close(struct uio *uio)
{
    munmap((void *)uio->out, 2 * (uio->size + 4096));
    munmap((void *)uio->page, 4096);
    close(uio->fd);
}

static void put_packet(struct uio *uio)
{
    uint32_t at = uio->out[0], i;
    // In band, two units of 8 bytes before the payload, four in all; the trailer tells where it began.
    const uint32_t words[10] = { 0x00020006, 0x00000004, 1, 0, 0x11111111, 0x22222222, 0x33333333, 0x44444444, 0, at };
    for (i = 0; i < 10; i++)
        uio->out[1024 + (at / 4 + i) % (uio->size / 4)] = words[i];
    __atomic_exchange_n(&uio->out[0], (at + 40) % uio->size, __ATOMIC_SEQ_CST);
}

// Whether a packet came in time: it is taken.
static bool take_packet(struct uio *uio, int milliseconds)
{
    double end = now() + milliseconds / 1e3;
    uint32_t count;
    while (true) {
        uio->in[2] = 0;
        __sync_synchronize();
        uint32_t at = uio->in[1];
        if (at != uio->in[0]) {
            uint32_t units = uio->in[1024 + at / 4 + 1] & 0xffff;
            __atomic_exchange_n(&uio->in[1], (at + 8 * units + 8) % uio->size, __ATOMIC_SEQ_CST);
            return true;
        }
        int left = (end - now()) * 1e3;
        if (left <= 0)
            return false;
        if (polled(uio->fd, left) & POLLIN && read(uio->fd, &count, 4) != 4)
            return false;
    }
}

static void set_bit(struct uio *uio, int monitor)
{
    __atomic_fetch_or(&uio->page[2 + monitor / 32 * 2], 1u << monitor % 32, __ATOMIC_SEQ_CST);
}

static int by_size(const void *a, const void *b)
{
    return *(const double *)a < *(const double *)b ? -1 : 1;
}

// The median of some round trips in milliseconds; by monitor, or by a descriptor's calls.
static double round_trips(struct uio *uio, int count, int monitor, int fd)
{
    double took[256];
    int i;
    for (i = 0; i < count; i++) {
        double start = now();
        put_packet(uio);
        if (fd >= 0 ? send_signal(fd) < 0 : (set_bit(uio, monitor), false))
            return -1;
        if (!take_packet(uio, 20000))
            return -1;
        took[i] = (now() - start) * 1e3;
        // So that the next one does not follow an examination in step.
        usleep(1000 + i * 137 % 4000);
    }
    qsort(took, count, sizeof(took[0]), by_size);
    return took[count / 2];
}

static void host(const char *text)
{
    printf("@host %s\n", text);
    fflush(stdout);
}

static bool offered_to_uio(const char *device)
{
    if (uio_number(device) >= 0)
        return true;
    // The class is given to UIO once for all; a device that is there already is bound by hand.
    if (exists(DEVICES "%s", device))
        drive("uio_hv_generic", "bind", device);
    return uio_number(device) >= 0;
}

// ---- steps

static void step_node(void)
{
    struct stat stat_node;
    uint32_t version = 0;
    NEED(load(), "the module does not load: %s", strerror(errno));
    NEED(stat(NODE, &stat_node) == 0, "no %s", NODE);
    NEED(S_ISCHR(stat_node.st_mode) && (stat_node.st_mode & 0777) == 0600, "its mode is %o", stat_node.st_mode);
    int fd = open(NODE, O_RDWR | O_CLOEXEC);
    NEED(fd >= 0, "it does not open");
    EXPECT(0, ioctl(fd, VMBUS_SIGNAL_IOC_VERSION, &version));
    NEED(version == VMBUS_SIGNAL_VERSION, "version %u", version);
    close(fd);
    EXPECT(0, unload());
    NEED(load(), "it does not load again");
}

static void step_errors(void)
{
    struct vmbus_signal_state state;
    struct vmbus_signal_low_latency wish;
    struct vmbus_signal_bind bind;
    unsigned int i;
    int fd = open(NODE, O_RDWR | O_CLOEXEC);

    EXPECT(EBADFD, send_signal(fd));
    EXPECT(EBADFD, hold(fd, true));
    EXPECT(EBADFD, state_of(fd, &state));
    NEED(polled(fd, 0) == POLLERR, "a descriptor that is not bound: poll says %x", polled(fd, 0));

    EXPECT(ENOENT, bind_to(fd, "12345678-9abc-def0-1234-56789abcdef0", 0, -1));
    EXPECT(ENOENT, bind_to(fd, heartbeat, 99999, -1));
    EXPECT(ENXIO, bind_to(fd, ECHO_4, 0, -1));
    EXPECT(EBADF, bind_to(fd, heartbeat, 0, 999));
    EXPECT(EINVAL, bind_to(fd, heartbeat, 0, -2));
    bind = named(heartbeat, 0, -1);
    bind.flags = 1;
    EXPECT(EINVAL, ioctl(fd, VMBUS_SIGNAL_IOC_BIND, &bind));
    for (i = 0; i < 5; i++) {
        bind = named(heartbeat, 0, -1);
        bind.reserved[i] = 1;
        EXPECT(EINVAL, ioctl(fd, VMBUS_SIGNAL_IOC_BIND, &bind));
    }
    EXPECT(EFAULT, ioctl(fd, VMBUS_SIGNAL_IOC_BIND, 16));
    // Another's files are no proof: a kernel driver's device has none.
    int other = open("/dev/null", O_RDWR | O_CLOEXEC);
    EXPECT(EACCES, bind_to(fd, heartbeat, 0, other));
    close(other);
    EXPECT(EACCES, bind_to(fd, heartbeat, 0, fd));

    EXPECT(0, bind_to(fd, heartbeat, 0, -1));
    EXPECT(EBUSY, bind_to(fd, heartbeat, 0, -1));
    NEED(polled(fd, 0) == 0, "bound: poll says %x", polled(fd, 0));
    EXPECT(EINVAL, ioctl(fd, VMBUS_SIGNAL_IOC_SIGNAL, 1));
    EXPECT(EINVAL, set(fd, 2, 0));
    EXPECT(EINVAL, set(fd, 1, 2));
    for (i = 0; i < 2; i++) {
        wish = (struct vmbus_signal_low_latency){ .enable = 1 };
        wish.reserved[i] = 1;
        EXPECT(EINVAL, ioctl(fd, VMBUS_SIGNAL_IOC_SET_LOW_LATENCY, &wish));
    }
    EXPECT(EFAULT, ioctl(fd, VMBUS_SIGNAL_IOC_SET_LOW_LATENCY, 16));
    EXPECT(EFAULT, ioctl(fd, VMBUS_SIGNAL_IOC_GET_STATE, 16));
    EXPECT(EFAULT, ioctl(fd, VMBUS_SIGNAL_IOC_VERSION, 16));
    EXPECT(ENOTTY, ioctl(fd, _IO(VMBUS_SIGNAL_IOC_MAGIC, 5), 0));
    EXPECT(ENOTTY, ioctl(fd, _IO('T', 1), 0));
    close(fd);
}

static void step_state(void)
{
    struct vmbus_signal_state state, again;
    int relid = relid_of(heartbeat);
    int fd = bound(heartbeat, 0, -1, O_RDWR);
    NEED(fd >= 0, "not bound: %s", strerror(errno));
    EXPECT(0, state_of(fd, &state));
    printf("heartbeat: flags %#x, relid %u, monitor %u, connection %u, CPU %u, %llu hypercalls, %llu interrupts\n", state.flags, state.relid,
           state.monitor_id, state.connection_id, state.target_cpu, (unsigned long long)state.hypercalls, (unsigned long long)state.interrupts);
    NEED((state.flags & ~VMBUS_SIGNAL_DEDICATED) == (VMBUS_SIGNAL_OPEN | VMBUS_SIGNAL_MONITORED | VMBUS_SIGNAL_MAY_SIGNAL | VMBUS_SIGNAL_MAY_KEEP),
         "the flags are %#x", state.flags);
    NEED((int)state.relid == relid && state.subchannel == 0, "relid %u, subchannel %u", state.relid, state.subchannel);
    NEED(state.monitor_id == number(DEVICES "%s/channels/%d/monitor_id", heartbeat, relid), "monitor %u", state.monitor_id);
    NEED(state.connection_id != 0 && state.holders == 0 && state.signals == 0 && state.refused == 0, "it counts what was not");
    struct vmbus_signal_bind name = named(heartbeat, 0, -1), type = named(HEARTBEAT_CLASS, 0, -1);
    NEED(memcmp(state.instance, name.instance, 16) == 0 && memcmp(state.type, type.instance, 16) == 0, "other GUIDs");
    NEED(state.reserved0 == 0 && !(state.reserved[0] | state.reserved[1] | state.reserved[2] | state.reserved[3]), "what is reserved is not zero");
    // By its number it is the same channel.
    int other = bound(heartbeat, relid, -1, O_RDONLY);
    NEED(other >= 0, "not bound by its number: %s", strerror(errno));
    EXPECT(0, state_of(other, &again));
    NEED(again.flags == (state.flags & ~(VMBUS_SIGNAL_MAY_SIGNAL | VMBUS_SIGNAL_MAY_KEEP)), "a reader's flags are %#x", again.flags);
    close(other);
    // A signal is a hypercall, and counted.
    long long before = events(heartbeat);
    EXPECT(0, wake(fd));
    EXPECT(0, state_of(fd, &again));
    NEED(again.signals == 1 && events(heartbeat) == before + 1, "%llu signals, %lld events", (unsigned long long)again.signals, events(heartbeat) - before);
    close(fd);
}

// For some seconds of heartbeats: how many came, and how many were answered by hypercall.
static void watch_beats(int seconds, long long *beats, long long *calls)
{
    long long came = interrupts(heartbeat), called = events(heartbeat);
    sleep(seconds);
    *beats = interrupts(heartbeat) - came;
    *calls = events(heartbeat) - called;
    printf("%lld beats, %lld hypercalls in %d s\n", *beats, *calls, seconds);
}

static void step_switch(void)
{
    long long beats, calls;
    int fd = bound(heartbeat, 0, -1, O_RDWR);
    NEED(fd >= 0, "not bound: %s", strerror(errno));
    watch_beats(9, &beats, &calls);
    NEED(beats >= 2 && calls == 0, "flag off");
    EXPECT(0, hold(fd, true));
    NEED(is_low_latency(heartbeat), "the flag is not set");
    watch_beats(9, &beats, &calls);
    NEED(beats >= 2 && llabs(calls - beats) <= 1, "flag on");
    EXPECT(0, hold(fd, false));
    watch_beats(5, &beats, &calls);
    NEED(beats >= 1 && calls == 0, "flag taken back");
    close(fd);
}

static void step_wishes(void)
{
    struct vmbus_signal_state state;
    int one = bound(heartbeat, 0, -1, O_RDWR), other = bound(heartbeat, 0, -1, O_RDWR);
    NEED(one >= 0 && other >= 0, "not bound: %s", strerror(errno));
    EXPECT(0, hold(one, true));
    EXPECT(0, hold(one, true));
    EXPECT(0, hold(other, true));
    EXPECT(0, state_of(one, &state));
    NEED(state.holders == 2 && (state.flags & VMBUS_SIGNAL_HELD), "%u holders, flags %#x", state.holders, state.flags);
    // One who no longer wishes it takes it from nobody else.
    EXPECT(0, hold(one, false));
    NEED(is_low_latency(heartbeat), "the flag went with one of two wishes");
    EXPECT(0, keep(one, false));
    NEED(is_low_latency(heartbeat), "the flag went with a wish that was not there");
    EXPECT(0, keep(one, true));
    close(one);
    close(other);
    NEED((flags_of(heartbeat, 0) & (VMBUS_SIGNAL_LOW_LATENCY | VMBUS_SIGNAL_KEPT)) == (VMBUS_SIGNAL_LOW_LATENCY | VMBUS_SIGNAL_KEPT), "it is not kept");
    one = bound(heartbeat, 0, -1, O_RDWR);
    EXPECT(0, keep(one, false));
    NEED(!is_low_latency(heartbeat), "it is still kept");
    EXPECT(0, hold(one, true));
    close(one);
    NEED(!is_low_latency(heartbeat), "the flag stayed when its descriptor was closed");
}

static void step_unload(void)
{
    long long beats, calls;
    int fd = bound(heartbeat, 0, -1, O_RDWR);
    NEED(fd >= 0, "not bound: %s", strerror(errno));
    EXPECT(0, keep(fd, true));
    EXPECT(EAGAIN, unload());
    close(fd);
    watch_beats(5, &beats, &calls);
    NEED(beats >= 1 && calls >= beats - 1 && calls >= 1, "the flag is not kept");
    EXPECT(0, unload());
    NEED(!exists(NODE), "the node is left");
    watch_beats(5, &beats, &calls);
    NEED(beats >= 1 && calls == 0, "the flag is not back after the module went");
    NEED(load(), "it does not load again");
    NEED(!is_low_latency(heartbeat), "the flag is set");
}

static void step_killed(void)
{
    fflush(stdout);
    pid_t child = fork();
    if (child == 0) {
        int fd = bound(heartbeat, 0, -1, O_RDWR);
        if (fd < 0 || hold(fd, true) < 0)
            _exit(1);
        while (true)
            send_signal(fd);
    }
    UNTIL(is_low_latency(heartbeat), "the child sets the flag");
    kill(child, SIGKILL);
    waitpid(child, NULL, 0);
    NEED(!is_low_latency(heartbeat), "the flag stayed when its process was killed");
}

static void nobody(void *argument)
{
    struct vmbus_signal_state state;
    (void)argument;
    int fd = open(NODE, O_RDWR | O_CLOEXEC);
    NEED(fd >= 0, "nobody cannot open it");
    EXPECT(EPERM, bind_to(fd, heartbeat, 0, -1));
    EXPECT(EACCES, bind_to(fd, heartbeat, 0, fd));
    int other = open("/dev/zero", O_RDWR | O_CLOEXEC);
    EXPECT(EACCES, bind_to(fd, heartbeat, 0, other));
    close(other);
    EXPECT(EBADFD, send_signal(fd));
    close(fd);
    fd = bound(heartbeat, 0, -1, O_RDONLY);
    NEED(fd >= 0, "nobody cannot read: %s", strerror(errno));
    EXPECT(0, state_of(fd, &state));
    EXPECT(EBADF, send_signal(fd));
    EXPECT(EBADF, hold(fd, true));
    EXPECT(EBADF, keep(fd, true));
    close(fd);
}

// Ten thousand wild calls, bound for reading and not bound: only the state and the version may be had. WRITES: as root, the rest.
static void wild(bool writes)
{
    static const unsigned long commands[] = {
        VMBUS_SIGNAL_IOC_VERSION, VMBUS_SIGNAL_IOC_BIND, VMBUS_SIGNAL_IOC_SIGNAL, VMBUS_SIGNAL_IOC_SET_LOW_LATENCY, VMBUS_SIGNAL_IOC_GET_STATE,
    };
    static unsigned char memory[512];
    int fds[3], i, done = 0, refused = 0;
    unsigned int j;
    srandom(1);
    fds[0] = open(NODE, O_RDWR | O_CLOEXEC);
    fds[1] = bound(heartbeat, 0, -1, O_RDONLY);
    fds[2] = writes ? bound(heartbeat, 0, -1, O_RDWR) : open(NODE, O_RDONLY | O_CLOEXEC);
    NEED(fds[0] >= 0 && fds[1] >= 0 && fds[2] >= 0, "it does not open");
    for (i = 0; i < 10000; i++) {
        unsigned long request = random() % 4 ? commands[random() % 5] : (unsigned long)random() << random() % 32;
        unsigned long argument;
        for (j = 0; j < sizeof(memory); j++)
            memory[j] = random() % 3 ? 0 : random();
        switch (random() % 6) {
        case 0: argument = random(); break;
        case 1: argument = ~0ul << random() % 64; break;
        case 2: argument = 0; break;
        case 3: argument = (unsigned long)&exists; break;
        default: argument = (unsigned long)memory + random() % 256; break;
        }
        if (ioctl(fds[random() % 3], request, argument) >= 0)
            done++;
        else
            refused++;
    }
    printf("10000 wild calls: %d done, %d refused\n", done, refused);
    for (i = 0; i < 3; i++)
        close(fds[i]);
}

static void nobody_wild(void *argument)
{
    (void)argument;
    wild(false);
}

static void step_nobody(void)
{
    NEED(chmod(NODE, 0666) == 0, "its mode does not change");
    NEED(as_nobody(nobody, NULL), "see above");
    long long before = events(heartbeat);
    NEED(as_nobody(nobody_wild, NULL), "see above");
    NEED(events(heartbeat) == before, "a process without leave signalled");
    NEED(!is_low_latency(heartbeat), "a process without leave set the flag");
}

static void step_wild(void)
{
    wild(true);
    if (step_failed)
        return;
    int fd = bound(heartbeat, 0, -1, O_RDWR);
    NEED(fd >= 0, "not bound after it: %s", strerror(errno));
    EXPECT(0, keep(fd, false));
    close(fd);
    NEED(!is_low_latency(heartbeat), "the flag is set after it");
}

static void step_give_to_uio(void)
{
    NEED(write_text(DRIVERS "uio_hv_generic/new_id", ECHO_CLASS), "new_id: %s", strerror(errno));
    UNTIL(offered_to_uio(ECHO_0) && offered_to_uio(ECHO_3), "an echo has no UIO device");
}

static void nobody_uio(void *argument)
{
    struct vmbus_signal_state state;
    struct uio *uio = argument;
    char path[64];
    long long before = events(ECHO_0);
    int fd = bound(ECHO_0, 0, uio->fd, O_RDWR);
    NEED(fd >= 0, "with the device's file: %s", strerror(errno));
    EXPECT(0, wake(fd));
    NEED(events(ECHO_0) == before + 1, "%lld hypercalls", events(ECHO_0) - before);
    EXPECT(0, hold(fd, true));
    EXPECT(0, state_of(fd, &state));
    NEED(state.flags & VMBUS_SIGNAL_LOW_LATENCY && state.flags & VMBUS_SIGNAL_UIO && !(state.flags & VMBUS_SIGNAL_MAY_KEEP), "flags %#x", state.flags);
    EXPECT(EPERM, keep(fd, true));
    close(fd);
    // It is a proof for that device alone.
    fd = open(NODE, O_RDWR | O_CLOEXEC);
    EXPECT(EACCES, bind_to(fd, ECHO_3, 0, uio->fd));
    EXPECT(EACCES, bind_to(fd, heartbeat, 0, uio->fd));
    // And to who may write.
    snprintf(path, sizeof(path), "/dev/uio%d", uio->number);
    int reads = open(path, O_RDONLY | O_CLOEXEC);
    EXPECT(EACCES, bind_to(fd, ECHO_0, 0, reads));
    close(reads);
    int names = open(path, O_PATH | O_CLOEXEC);
    EXPECT(EBADF, bind_to(fd, ECHO_0, 0, names));
    close(names);
    close(fd);
}

static void step_uio(void)
{
    struct uio uio;
    char path[64];
    NEED(uio_open(&uio, ECHO_0) == 0, "the echo does not open: %s", strerror(errno));
    snprintf(path, sizeof(path), "/dev/uio%d", uio.number);
    chmod(path, 0444);
    NEED(as_nobody(nobody_uio, &uio), "see above");
    NEED(!(flags_of(ECHO_0, 0) & VMBUS_SIGNAL_LOW_LATENCY), "the flag stayed");
    int fd = bound(ECHO_0, 0, uio.fd, O_RDWR);
    NEED(fd >= 0, "not bound: %s", strerror(errno));
    uio_close(&uio);
    EXPECT(ENOTCONN, send_signal(fd));
    NEED(polled(fd, 0) == 0, "a channel that is closed has not ended");
    close(fd);
}

static void step_latency(void)
{
    struct uio uio;
    NEED(uio_open(&uio, ECHO_0) == 0, "the echo does not open: %s", strerror(errno));
    int fd = bound(ECHO_0, 0, uio.fd, O_RDWR);
    NEED(fd >= 0, "not bound: %s", strerror(errno));
    int monitor = number(DEVICES "%s/channels/%d/monitor_id", ECHO_0, relid_of(ECHO_0));
    // Without any signal there is no answer.
    put_packet(&uio);
    NEED(!take_packet(&uio, 300), "an answer without a signal");
    EXPECT(0, send_signal(fd));
    NEED(take_packet(&uio, 20000), "no answer to a call");
    double monitored = round_trips(&uio, 200, monitor, -1);
    long long before = events(ECHO_0);
    double called = round_trips(&uio, 200, -1, fd);
    NEED(monitored > 0 && called > 0, "a round trip did not end");
    printf("round trip at the median: %.3f ms by monitor (window 5 ms), %.3f ms by the module's call; %lld hypercalls for 200\n", monitored, called, events(ECHO_0) - before);
    NEED(events(ECHO_0) - before == 200, "not a hypercall each");
    // On the average a message waits half a window for the examination; the rest, which is this machine's, is the same for both.
    NEED(monitored - called > 0.5, "a call is not faster");
    close(fd);
    uio_close(&uio);
}

// Many signals at once: how many were done, or -1 where one failed for another reason than that there were too many.
static int burst(int fd, int count, double *took)
{
    double start = now();
    int done = 0, i;
    for (i = 0; i < count; i++) {
        if (send_signal(fd) == 0)
            done++;
        else if (errno != EAGAIN)
            return -1;
    }
    *took = now() - start;
    return done;
}

// A thousand a second, and what a second at the beginning and one at the end may have of it. A machine that is so busy that it
// makes no more anyway refuses none.
static bool is_limited(int done, int count, double took)
{
    double most = 1000 * (took + 2);
    return done >= 0 && done <= most && (done < count || count <= most);
}

static void step_needless(void)
{
    struct vmbus_signal_state state;
    struct uio uio;
    double took;
    NEED(uio_open(&uio, ECHO_0) == 0, "the echo does not open: %s", strerror(errno));
    int fd = bound(ECHO_0, 0, uio.fd, O_RDWR);
    NEED(fd >= 0, "not bound: %s", strerror(errno));
    long long before = events(ECHO_0);
    int done = burst(fd, 20000, &took);
    EXPECT(0, state_of(fd, &state));
    printf("20000 needless signals in %.2f s: %d done\n", took, done);
    NEED(is_limited(done, 20000, took), "they are not limited");
    NEED(events(ECHO_0) - before == done && (int)state.signals == done && (int)state.refused == 20000 - done, "they are counted otherwise");
    // With something to look at none is refused, however many were needless. A host that has woken masks its ring: this one
    // does no more, and the mask is taken away.
    host("stall echo0");
    sleep(1);
    put_packet(&uio);
    EXPECT(0, wake(fd));
    sleep(1);
    uio.out[2] = 1;
    done = burst(fd, 5000, &took);
    printf("5000 signals of a masked ring in %.2f s: %d done\n", took, done);
    NEED(is_limited(done, 5000, took), "the host's mask is not heeded");
    uio.out[2] = 0;
    done = burst(fd, 5000, &took);
    printf("5000 signals of one that is not in %.2f s: %d done\n", took, done);
    NEED(done == 5000, "a needed signal was refused");
    host("resume echo0");
    NEED(take_packet(&uio, 20000), "no answer after a stall");
    close(fd);
    uio_close(&uio);
}

static void step_subchannel(void)
{
    struct vmbus_signal_state state;
    char text[64];
    int primary = relid_of(ECHO_0), round;
    for (round = 0; round < 3; round++) {
        struct uio uio;
        NEED(uio_open(&uio, ECHO_0) == 0, "the echo does not open: %s", strerror(errno));
        host("offer echo=0,subchannel=1,monitor=5ms");
        UNTIL(command(text, sizeof(text), "ls " DEVICES ECHO_0 "/channels | grep -vx %d", primary) && atoi(text) > 0, "a subchannel comes");
        int relid = atoi(text);
        UNTIL(flags_of(ECHO_0, relid) & VMBUS_SIGNAL_OPEN, "the subchannel is open");
        int fd = bound(ECHO_0, relid, uio.fd, O_RDWR);
        NEED(fd >= 0, "subchannel %d is not bound: %s", relid, strerror(errno));
        EXPECT(0, state_of(fd, &state));
        NEED((int)state.relid == relid && state.subchannel == 1 && state.flags & VMBUS_SIGNAL_SUBCHANNEL && state.flags & VMBUS_SIGNAL_MONITORED,
             "relid %u, subchannel %u, flags %#x", state.relid, state.subchannel, state.flags);
        EXPECT(0, wake(fd));
        EXPECT(0, hold(fd, true));
        NEED(number(DEVICES ECHO_0 "/channels/%d/events", relid) >= 1, "its hypercalls are not counted");
        NEED(!(flags_of(ECHO_0, 0) & VMBUS_SIGNAL_LOW_LATENCY), "the primary channel got the flag");
        double start = now();
        host("revoke echo0.1");
        // Told by looking, a second later at most; the rest is the machine's.
        NEED(polled(fd, PATIENCE * 1000) == POLLHUP, "the end of a subchannel is not told");
        printf("the end of subchannel %d was told after %.2f s\n", relid, now() - start);
        EXPECT(ENODEV, send_signal(fd));
        EXPECT(ENODEV, state_of(fd, &state));
        // Its driver lets it go when the device is closed; the descriptor is in nobody's way.
        uio_close(&uio);
        UNTIL(!exists(DEVICES ECHO_0 "/channels/%d", relid), "the subchannel's folder goes");
        EXPECT(ENODEV, send_signal(fd));
        close(fd);
    }
}

static void step_unbound(void)
{
    struct vmbus_signal_state state;
    int fd = bound(heartbeat, 0, -1, O_RDWR), reads = bound(heartbeat, 0, -1, O_RDONLY), kept = bound(heartbeat, 0, -1, O_RDWR);
    NEED(fd >= 0 && reads >= 0 && kept >= 0, "not bound: %s", strerror(errno));
    EXPECT(0, hold(fd, true));
    EXPECT(0, keep(kept, true));
    NEED(drive("hv_utils", "unbind", heartbeat), "unbind: %s", strerror(errno));
    NEED(polled(fd, 0) == POLLHUP && polled(reads, 0) == POLLHUP, "the end is not told");
    EXPECT(ENODEV, send_signal(fd));
    EXPECT(ENODEV, hold(fd, true));
    EXPECT(ENODEV, keep(kept, true));
    EXPECT(ENODEV, state_of(reads, &state));
    EXPECT(EBUSY, bind_to(fd, heartbeat, 0, -1));
    int again = open(NODE, O_RDWR | O_CLOEXEC);
    EXPECT(ENXIO, bind_to(again, heartbeat, 0, -1));
    NEED(drive("hv_utils", "bind", heartbeat), "bind: %s", strerror(errno));
    EXPECT(0, bind_to(again, heartbeat, 0, -1));
    NEED(!(flags_of(heartbeat, 0) & (VMBUS_SIGNAL_LOW_LATENCY | VMBUS_SIGNAL_KEPT)), "the flag is set after it");
    // The old ones stay as they are.
    EXPECT(ENODEV, send_signal(fd));
    close(fd);
    close(reads);
    close(kept);
    close(again);
    long long before = interrupts(heartbeat);
    UNTIL(interrupts(heartbeat) > before, "the heart beats again");
}

static void step_rescinded(void)
{
    struct vmbus_signal_state state;
    int round;
    // A kernel driver's device.
    int fd = bound(heartbeat, 0, -1, O_RDWR);
    NEED(fd >= 0, "not bound: %s", strerror(errno));
    EXPECT(0, hold(fd, true));
    EXPECT(0, keep(fd, true));
    host("revoke heartbeat");
    NEED(polled(fd, PATIENCE * 1000) == POLLHUP, "the end is not told");
    EXPECT(ENODEV, send_signal(fd));
    EXPECT(ENODEV, state_of(fd, &state));
    UNTIL(!exists(DEVICES "%s", heartbeat), "the device goes, with a descriptor open");
    host("offer heartbeat,monitor=5ms");
    UNTIL(exists(DEVICES "%s", heartbeat) && has_driver(heartbeat) && relid_of(heartbeat) > 0, "the device comes again");
    EXPECT(ENODEV, send_signal(fd));
    NEED(!(flags_of(heartbeat, 0) & (VMBUS_SIGNAL_LOW_LATENCY | VMBUS_SIGNAL_KEPT)), "the new one has the flag");
    close(fd);
    long long before = interrupts(heartbeat);
    UNTIL(interrupts(heartbeat) > before, "the heart beats again");

    // A device of UIO, in use.
    for (round = 0; round < 3; round++) {
        struct uio uio;
        NEED(uio_open(&uio, ECHO_3) == 0, "the echo does not open: %s", strerror(errno));
        fd = bound(ECHO_3, 0, uio.fd, O_RDWR);
        NEED(fd >= 0, "not bound: %s", strerror(errno));
        EXPECT(0, hold(fd, true));
        EXPECT(0, wake(fd));
        host("revoke echo3");
        NEED(polled(fd, PATIENCE * 1000) == POLLHUP, "the end is not told");
        EXPECT(ENODEV, send_signal(fd));
        uio_close(&uio);
        EXPECT(ENODEV, send_signal(fd));
        close(fd);
        UNTIL(!exists(DEVICES ECHO_3), "the device goes");
        host("offer echo=3,monitor=5ms");
        UNTIL(offered_to_uio(ECHO_3), "the device comes again");
    }
}

static volatile bool hammering;

static void *hammer(void *argument)
{
    unsigned int seed = (uintptr_t)argument;
    struct vmbus_signal_state state;
    long calls = 0;
    while (hammering) {
        int fd = bound(heartbeat, 0, -1, rand_r(&seed) % 4 ? O_RDWR : O_RDONLY), i;
        if (fd < 0) {
            usleep(500);
            continue;
        }
        for (i = 0; i < 300 && hammering; i++, calls++) {
            switch (rand_r(&seed) % 8) {
            case 0: hold(fd, rand_r(&seed) % 2); break;
            case 1: keep(fd, rand_r(&seed) % 2); break;
            case 2: state_of(fd, &state); break;
            case 3: polled(fd, 0); break;
            default: send_signal(fd); break;
            }
        }
        close(fd);
    }
    return (void *)calls;
}

static void step_races(void)
{
    pthread_t threads[4];
    long calls = 0;
    int i, unbound = 0;
    hammering = true;
    for (i = 0; i < 4; i++)
        pthread_create(&threads[i], NULL, hammer, (void *)(uintptr_t)(i + 1));
    for (i = 0; i < 25; i++) {
        usleep(100000);
        if (drive("hv_utils", "unbind", heartbeat))
            unbound++;
        usleep(20000);
        drive("hv_utils", "bind", heartbeat);
    }
    hammering = false;
    for (i = 0; i < 4; i++) {
        void *did;
        pthread_join(threads[i], &did);
        calls += (long)did;
    }
    printf("%ld calls of 4 threads, the driver unbound %d times meanwhile\n", calls, unbound);
    NEED(unbound == 25 && calls > 1000, "not what was meant");
    UNTIL(has_driver(heartbeat), "the driver comes back");
    int fd = bound(heartbeat, 0, -1, O_RDWR);
    NEED(fd >= 0, "not bound: %s", strerror(errno));
    EXPECT(0, keep(fd, false));
    close(fd);
    NEED(!is_low_latency(heartbeat), "a flag is left");
    long long before = interrupts(heartbeat);
    UNTIL(interrupts(heartbeat) > before, "the heart beats again");
}

static void step_flips(void)
{
    int i, fd = bound(heartbeat, 0, -1, O_RDWR);
    NEED(fd >= 0, "not bound: %s", strerror(errno));
    long long came = interrupts(heartbeat), called = events(heartbeat);
    for (i = 0; i < 10000; i++) {
        EXPECT(0, hold(fd, i % 2 == 0));
        usleep(300);
    }
    printf("10000 flips: %lld beats, %lld hypercalls meanwhile\n", interrupts(heartbeat) - came, events(heartbeat) - called);
    NEED(interrupts(heartbeat) - came >= 3, "no traffic");
    NEED(!is_low_latency(heartbeat), "the flag is set");
    close(fd);
}

static long unreclaimable(void)
{
    char text[64];
    command(text, sizeof(text), "awk '$1 == \"SUnreclaim:\" { print $2 }' /proc/meminfo");
    return atol(text);
}

static void use_once(void)
{
    int fd = bound(heartbeat, 0, -1, O_RDWR);
    if (fd < 0)
        return;
    hold(fd, true);
    close(fd);
}

static void step_memory(void)
{
    int i;
    for (i = 0; i < 2000; i++)
        use_once();
    long before = unreclaimable();
    for (i = 0; i < 20000; i++)
        use_once();
    long grown = unreclaimable() - before;
    printf("20000 descriptors and marks: unreclaimable memory grew by %ld KB\n", grown);
    // One lost block of 64 bytes each would be 1280 KB, and more while the allocator checks.
    NEED(grown < 800, "memory is lost");
}

static void step_compat(void)
{
    char text[128];
    bool ok = command(text, sizeof(text), "/bin/vmbus-signal-compat %s", heartbeat);
    NEED(ok && strcmp(text, "compat ok") == 0, "a 32-bit program: %s", text);
}

static void step_end(void)
{
    EXPECT(0, unload());
    long long before = interrupts(heartbeat);
    UNTIL(interrupts(heartbeat) > before, "the heart beats without the module");
}

static const struct { const char *name; void (*run)(void); } steps[] = {
    { "the node comes and goes", step_node },
    { "wrong calls", step_errors },
    { "a channel's state", step_state },
    { "the switch of a kernel's driver", step_switch },
    { "several wishes", step_wishes },
    { "the module unloaded puts the flag back", step_unload },
    { "a killed process puts the flag back", step_killed },
    { "a process without leave", step_nobody },
    { "wild calls of root", step_wild },
    { "a 32-bit program", step_compat },
    { "the driver unbound", step_unbound },
    { "give the echoes to UIO", step_give_to_uio },
    { "UIO's file is the leave", step_uio },
    { "round trips by monitor and by call", step_latency },
    { "needless signals", step_needless },
    { "a subchannel", step_subchannel },
    { "rescinded, and offered again", step_rescinded },
    { "the driver unbound in the midst of calls", step_races },
    { "ten thousand flips under traffic", step_flips },
    { "no memory is lost", step_memory },
    { "the end", step_end },
};

int main(int count, char **words)
{
    unsigned int i, passed = 0, failed = 0;
    char text[128];
    setvbuf(stdout, NULL, _IOLBF, 0);
    module_file = count > 1 ? words[1] : "/modules/vmbus_signal.ko";
    step_name = "the heartbeat's device";
    double end = now() + PATIENCE;
    do {
        usleep(100000);
        command(text, sizeof(text), "grep -l %s " DEVICES "*/class_id | head -n 1", HEARTBEAT_CLASS);
    } while ((strlen(text) < strlen(DEVICES) + 36 || !exists("%.*s/driver", (int)strlen(DEVICES) + 36, text)) && now() < end);
    if (strlen(text) < strlen(DEVICES) + 36) {
        printf("FAILED: no heartbeat\n");
        return 1;
    }
    snprintf(heartbeat, sizeof(heartbeat), "%.36s", text + strlen(DEVICES));

    for (i = 0; i < sizeof(steps) / sizeof(steps[0]); i++) {
        double start = now();
        step_name = steps[i].name;
        step_failed = false;
        printf("-- %s\n", step_name);
        // What a step before left undone spoils this one as little as may be.
        if (i > 0 && !exists(NODE))
            load();
        steps[i].run();
        if (step_failed)
            failed++;
        else
            passed++;
        if (!step_failed)
            printf("ok %s (%.1f s)\n", step_name, now() - start);
    }
    printf("@steps %u passed, %u failed\n", passed, failed);
    return failed != 0;
}
