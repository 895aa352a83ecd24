// The loops of vmbus_peer.h over four functions of a ring. Before this is included, define
//
//   static inline int peer_append(void *end, const void *payload, uint32_t length, uint64_t id);
//     Puts a packet behind those appended before. 1: done; 0: no room; negative: the ring broke.
//   static inline void peer_publish(void *end);
//     Publishes what was appended: the reader may see it. Where appending publishes, this does nothing.
//   static inline int peer_take(void *end, struct peer_packet *packet);
//     Takes the next packet, in place or copied. 1: done; 0: none; negative: the ring broke.
//   static inline void peer_release(void *end);
//     Gives the room of what was taken back. Where taking gives it back, this does nothing.
#pragma once
#include "vmbus_peer.h"

static inline void peer_pause(void) {
#if defined(__x86_64__) || defined(__i386__)
    __builtin_ia32_pause();
#elif defined(__aarch64__)
    __asm__ volatile("yield");
#endif
}

static inline int64_t peer_sum(const struct peer_packet *packet) {
    return (int64_t)(packet->id + ((const uint8_t *)packet->payload)[packet->length - 1]);
}

uint32_t vmbus_peer_abi(void) { return VMBUS_PEER_ABI; }

int64_t vmbus_peer_alone(void *sender, void *receiver, const void *payload, uint32_t length, int64_t count, int32_t batch) {
    int64_t seen = 0;
    for (int64_t i = 0; i < count; i += batch) {
        for (int32_t j = 0; j < batch; j++)
            if (peer_append(sender, payload, length, (uint64_t)(i + j)) != 1)
                return -1;
        peer_publish(sender);
        struct peer_packet packet;
        int taken = peer_take(receiver, &packet);
        if (taken != 1)
            return -2;
        seen += peer_sum(&packet);
        // By batch until there is none, as all contenders read.
        while (batch > 1 && (taken = peer_take(receiver, &packet)) == 1)
            seen += peer_sum(&packet);
        if (taken < 0)
            return -2;
        peer_release(receiver);
    }
    return seen;
}

int64_t vmbus_peer_produce(void *end, const void *payload, uint32_t length, int64_t count, int32_t batch) {
    for (int64_t i = 0; i < count;) {
        int64_t stop = i + batch < count ? i + batch : count, before = i;
        int answer = 0;
        while (i < stop && (answer = peer_append(end, payload, length, (uint64_t)i)) == 1)
            i++;
        if (answer < 0)
            return -1;
        if (i != before)
            peer_publish(end);
        else
            peer_pause();
    }
    return 0;
}

int64_t vmbus_peer_consume(void *end, int64_t count, int32_t batch) {
    int64_t seen = 0;
    for (int64_t i = 0; i < count;) {
        struct peer_packet packet;
        int32_t taken = 0;
        int answer = 0;
        while (taken < batch && (answer = peer_take(end, &packet)) == 1) {
            seen += peer_sum(&packet);
            taken++;
        }
        if (answer < 0)
            return -2;
        if (taken != 0)
            peer_release(end);
        else
            peer_pause();
        i += taken;
    }
    return seen;
}

int64_t vmbus_peer_ping_pong(void *end, const void *payload, uint32_t length, int64_t count, int32_t first) {
    int64_t seen = 0;
    for (int64_t i = 0; i < count; i++) {
        if (first) {
            if (peer_append(end, payload, length, (uint64_t)i) != 1)
                return -1;
            peer_publish(end);
        }
        struct peer_packet packet;
        int taken;
        while ((taken = peer_take(end, &packet)) == 0)
            peer_pause();
        if (taken < 0)
            return -2;
        seen += peer_sum(&packet);
        peer_release(end);
        if (!first) {
            if (peer_append(end, payload, length, (uint64_t)i) != 1)
                return -1;
            peer_publish(end);
        }
    }
    return seen;
}
