// The same loops over DPDK's exported functions, whole slices at a time, so that a call of them costs here what it costs
// in a program of theirs. Prototypes: rte_bus_vmbus.h, v22.11.
#include <errno.h>
#include <immintrin.h>
#include <stdbool.h>
#include <stdint.h>
#include <string.h>

typedef int (*chan_send)(void *chan, uint16_t type, void *data, uint32_t length, uint64_t id, uint32_t flags, bool *need_signal);
typedef int (*chan_recv)(void *chan, void *data, uint32_t *length, uint64_t *id);
typedef int (*chan_recv_raw)(void *chan, void *data, uint32_t *length);
typedef void (*chan_signal_tx)(void *chan);
typedef void (*chan_signal_read)(void *chan, uint32_t bytes_read);

struct dpdk {
    chan_send send;
    chan_recv recv;
    chan_recv_raw recv_raw;
    chan_signal_tx signal_tx;
    chan_signal_read signal_read;
    void *out, *in;
    uint8_t *buffer;
    uint32_t capacity;
};

enum { IN_BAND = 6 };

static inline int put(const struct dpdk *dpdk, void *payload, uint32_t length, int64_t id) {
    return dpdk->send(dpdk->out, IN_BAND, payload, length, (uint64_t)id, 0, NULL);
}

// 1: a packet, summed up; 0: none; negative: an error.
static inline int take(const struct dpdk *dpdk, int64_t *seen) {
    uint32_t length = dpdk->capacity;
    uint64_t id;
    int answer = dpdk->recv(dpdk->in, dpdk->buffer, &length, &id);
    if (answer == -EAGAIN)
        return 0;
    if (answer != 0)
        return -2;
    *seen += (int64_t)(id + dpdk->buffer[length - 1]);
    return 1;
}

// As netvsc reads: packet by packet without a signal, which comes once, behind the last.
static inline int take_raw(const struct dpdk *dpdk, int64_t *seen, uint32_t *bytes) {
    uint32_t length = dpdk->capacity;
    int answer = dpdk->recv_raw(dpdk->in, dpdk->buffer, &length);
    if (answer == -EAGAIN)
        return 0;
    if (answer < 0)
        return -2;
    uint64_t id;
    memcpy(&id, dpdk->buffer + 8, 8);
    *seen += (int64_t)(id + dpdk->buffer[length - 1]);
    *bytes += (uint32_t)answer;
    return 1;
}

int64_t dpdk_pairs(const struct dpdk *dpdk, void *payload, uint32_t length, int64_t count) {
    int64_t seen = 0;
    for (int64_t i = 0; i < count; i++) {
        if (put(dpdk, payload, length, i) != 0)
            return -1;
        if (take(dpdk, &seen) != 1)
            return -2;
    }
    return seen;
}

int64_t dpdk_batches(const struct dpdk *dpdk, void *payload, uint32_t length, int64_t count, int32_t batch) {
    int64_t seen = 0;
    for (int64_t i = 0; i < count; i += batch) {
        bool need = false;
        for (int32_t j = 0; j < batch; j++)
            if (dpdk->send(dpdk->out, IN_BAND, payload, length, (uint64_t)(i + j), 0, &need) != 0)
                return -1;
        if (need)
            dpdk->signal_tx(dpdk->out);
        uint32_t bytes = 0;
        int taken;
        while ((taken = take_raw(dpdk, &seen, &bytes)) == 1)
            ;
        if (taken < 0)
            return -2;
        dpdk->signal_read(dpdk->in, bytes);
    }
    return seen;
}

int64_t dpdk_produce(const struct dpdk *dpdk, void *payload, uint32_t length, int64_t count, int32_t batch) {
    for (int64_t i = 0; i < count;) {
        if (batch == 1) {
            int answer = put(dpdk, payload, length, i);
            if (answer == 0)
                i++;
            else if (answer == -EAGAIN)
                _mm_pause();
            else
                return -1;
            continue;
        }
        int64_t end = i + batch < count ? i + batch : count, before = i;
        bool need = false;
        int answer = 0;
        while (i < end && (answer = dpdk->send(dpdk->out, IN_BAND, payload, length, (uint64_t)i, 0, &need)) == 0)
            i++;
        if (answer != 0 && answer != -EAGAIN)
            return -1;
        if (need)
            dpdk->signal_tx(dpdk->out);
        if (i == before)
            _mm_pause();
    }
    return 0;
}

int64_t dpdk_consume(const struct dpdk *dpdk, int64_t count, int32_t batch) {
    int64_t seen = 0;
    for (int64_t i = 0; i < count;) {
        uint32_t bytes = 0;
        int32_t got = 0;
        int taken = 0;
        if (batch == 1)
            got = taken = take(dpdk, &seen);
        else
            while (got < batch && (taken = take_raw(dpdk, &seen, &bytes)) == 1)
                got++;
        if (taken < 0)
            return -2;
        if (bytes != 0)
            dpdk->signal_read(dpdk->in, bytes);
        if (got == 0)
            _mm_pause();
        i += got;
    }
    return seen;
}

int64_t dpdk_ping_pong(const struct dpdk *dpdk, void *payload, uint32_t length, int64_t count, int32_t first) {
    int64_t seen = 0;
    for (int64_t i = 0; i < count; i++) {
        if (first && put(dpdk, payload, length, i) != 0)
            return -1;
        int taken;
        while ((taken = take(dpdk, &seen)) == 0)
            _mm_pause();
        if (taken < 0)
            return -2;
        if (!first && put(dpdk, payload, length, i) != 0)
            return -1;
    }
    return seen;
}
