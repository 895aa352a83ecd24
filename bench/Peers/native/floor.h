// The floor: the ring as small as C can make it, with everything the format and a hostile peer demand and nothing
// else. Same control page, same descriptor, trailer and padding, same checks of indices and lengths, same two full
// barriers, as include/linux/hyperv.h and drivers/hv/ring_buffer.c define them. No counters, no faulted state, no
// packet types with ranges: what a library adds to this is what the library costs.
#pragma once
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

struct floor_control {
    uint32_t write_index, read_index, interrupt_mask, pending_send_size;
    uint32_t reserved[12];
    uint32_t feature_bits;
};

struct floor_ring {
    volatile struct floor_control *control;
    uint8_t *data; // mapped twice, back to back
    uint32_t size;
    uint32_t committed, next;
    uint32_t room;        // the writer's: bytes free from next on; the reader's: bytes published from next on
    uint32_t last_read;   // the writer's: the read index that room stems from
    uint32_t max_length;  // the reader's: the longest packet it takes
};

enum { FLOOR_HEADER = 16, FLOOR_TRAILER = 8, FLOOR_BAD = -2, FLOOR_NONE = -1 };

static inline uint32_t floor_distance(uint32_t from, uint32_t to, uint32_t size) {
    return to >= from ? to - from : size - (from - to);
}

static inline bool floor_index_is_sound(uint32_t index, uint32_t size) { return index < size && (index & 7) == 0; }

// 1: room; 0: none; FLOOR_BAD: the reader's index is impossible.
static inline int floor_make_room(struct floor_ring *ring, uint32_t total) {
    uint32_t read = __atomic_load_n(&ring->control->read_index, __ATOMIC_ACQUIRE);
    if (!floor_index_is_sound(read, ring->size) ||
        floor_distance(ring->last_read, read, ring->size) > floor_distance(ring->last_read, ring->committed, ring->size))
        return FLOOR_BAD;
    ring->last_read = read;
    ring->room = ring->size - floor_distance(read, ring->next, ring->size) - 8;
    return total <= ring->room;
}

static inline int floor_append(struct floor_ring *ring, const void *payload, uint32_t length, uint64_t id) {
    uint32_t whole = (length + FLOOR_HEADER + 7) & ~7u, total = whole + FLOOR_TRAILER, at = ring->next;
    if (total > ring->room || whole > 65535u * 8) {
        int room = whole > 65535u * 8 ? FLOOR_BAD : floor_make_room(ring, total);
        if (room <= 0)
            return room;
    }
    uint8_t *packet = ring->data + at;
    uint64_t descriptor = 6 | 2ull << 16 | (uint64_t)(whole / 8) << 32, trailer = (uint64_t)at << 32, zero = 0;
    memcpy(packet + whole - 8, &zero, 8);
    memcpy(packet + FLOOR_HEADER, payload, length);
    memcpy(packet, &descriptor, 8);
    memcpy(packet + 8, &id, 8);
    memcpy(packet + whole, &trailer, 8);
    uint32_t next = at + total;
    ring->next = next >= ring->size ? next - ring->size : next;
    ring->room -= total;
    return 1;
}

// Whether the reader must be signalled.
static inline bool floor_publish(struct floor_ring *ring) {
    uint32_t committed = ring->committed;
    ring->committed = ring->next;
    __atomic_exchange_n(&ring->control->write_index, ring->next, __ATOMIC_SEQ_CST);
    if (__atomic_load_n(&ring->control->interrupt_mask, __ATOMIC_ACQUIRE))
        return false;
    return __atomic_load_n(&ring->control->read_index, __ATOMIC_ACQUIRE) == committed;
}

struct floor_packet {
    const uint8_t *payload;
    uint32_t length;
    uint64_t id;
};

// 1: a packet; FLOOR_NONE: the ring is empty; FLOOR_BAD: what no correct writer writes.
static inline int floor_take(struct floor_ring *ring, struct floor_packet *packet) {
    if (ring->room == 0) {
        uint32_t write = __atomic_load_n(&ring->control->write_index, __ATOMIC_ACQUIRE);
        if (!floor_index_is_sound(write, ring->size))
            return FLOOR_BAD;
        ring->room = floor_distance(ring->next, write, ring->size);
        if (ring->room == 0)
            return FLOOR_NONE;
        if (ring->room < FLOOR_HEADER + FLOOR_TRAILER)
            return FLOOR_BAD;
    }
    const uint8_t *start = ring->data + ring->next;
    uint64_t descriptor = __atomic_load_n((const uint64_t *)start, __ATOMIC_RELAXED);
    memcpy(&packet->id, start + 8, 8);
    uint32_t type = (uint16_t)descriptor, offset = (uint32_t)(uint16_t)(descriptor >> 16) * 8;
    uint32_t whole = (uint32_t)(uint16_t)(descriptor >> 32) * 8, flags = (uint32_t)(descriptor >> 48);
    if (offset < FLOOR_HEADER || offset > whole || whole + FLOOR_TRAILER > ring->room || whole > ring->max_length || type != 6 ||
        (flags & ~1u))
        return FLOOR_BAD;
    packet->payload = start + offset;
    packet->length = whole - offset;
    uint32_t next = ring->next + whole + FLOOR_TRAILER;
    ring->next = next >= ring->size ? next - ring->size : next;
    ring->room -= whole + FLOOR_TRAILER;
    return 1;
}

// Whether the writer waits for the room given back.
static inline bool floor_release(struct floor_ring *ring) {
    uint32_t committed = ring->committed, next = ring->next, size = ring->size;
    ring->committed = next;
    if (!(ring->control->feature_bits & 1)) {
        __atomic_store_n(&ring->control->read_index, next, __ATOMIC_RELEASE);
        return false;
    }
    __atomic_exchange_n(&ring->control->read_index, next, __ATOMIC_SEQ_CST);
    uint32_t pending = __atomic_load_n(&ring->control->pending_send_size, __ATOMIC_ACQUIRE) & ~7u;
    if (pending == 0)
        return false;
    uint32_t write = __atomic_load_n(&ring->control->write_index, __ATOMIC_ACQUIRE);
    uint32_t room = size - floor_distance(next, write, size), freed = floor_distance(committed, next, size);
    return room > pending && room - freed <= pending;
}
