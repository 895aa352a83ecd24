// The example of a peer: the floor, with each payload copied out before it is looked at. The least that a reader pays which does not
// trust its writer: what "ours, untrusted" is to be measured by.
#include "../floor.h"
#include "vmbus_peer.h"

#include <stdlib.h>

struct end {
    struct floor_ring out, in;
    uint8_t *copy;
};

static inline int peer_append(void *end, const void *payload, uint32_t length, uint64_t id) {
    return floor_append(&((struct end *)end)->out, payload, length, id);
}

static inline void peer_publish(void *end) { floor_publish(&((struct end *)end)->out); }

static inline int peer_take(void *end, struct peer_packet *packet) {
    struct end *self = end;
    struct floor_packet taken;
    int answer = floor_take(&self->in, &taken);
    if (answer == 1) {
        memcpy(self->copy, taken.payload, taken.length);
        *packet = (struct peer_packet){.payload = self->copy, .length = taken.length, .id = taken.id};
    }
    return answer == FLOOR_NONE ? 0 : answer;
}

static inline void peer_release(void *end) { floor_release(&((struct end *)end)->in); }

#include "vmbus_peer_loops.h"

const char *vmbus_peer_name(void) { return "floor, copied out"; }

static void set_up(struct floor_ring *ring, const struct vmbus_peer_ring *memory, uint32_t room) {
    *ring = (struct floor_ring){
        .control = memory->control, .data = memory->data, .size = memory->size, .room = room, .max_length = 65535u * 8};
}

void *vmbus_peer_open(const struct vmbus_peer_ring *outgoing, const struct vmbus_peer_ring *incoming) {
    // Apart from the other end, by the two lines the prefetcher takes together.
    struct end *end = aligned_alloc(128, (sizeof(struct end) + 127) & ~(size_t)127);
    if (end == NULL)
        return NULL;
    end->copy = aligned_alloc(128, incoming->size); // no packet is longer than its ring
    if (end->copy == NULL) {
        free(end);
        return NULL;
    }
    set_up(&end->out, outgoing, outgoing->size - 8);
    set_up(&end->in, incoming, 0);
    return end;
}

void vmbus_peer_close(void *end) {
    free(((struct end *)end)->copy);
    free(end);
}
