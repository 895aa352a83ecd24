// Loops over the floor, whole slices at a time, so that what is timed is the ring and not the way into C.
#include "floor.h"

#include <immintrin.h>

// Every loop answers with a sum over what it read, so that nothing can be left out and the caller can check it: the
// interrupt is masked, so that no signal is ever added to it. A negative answer is a ring that broke.
static inline int64_t sum(const struct floor_packet *packet) {
    return (int64_t)(packet->id + packet->payload[packet->length - 1]);
}

int64_t floor_pairs(struct floor_ring *writer, struct floor_ring *reader, const void *payload, uint32_t length, int64_t count) {
    int64_t seen = 0;
    for (int64_t i = 0; i < count; i++) {
        if (floor_append(writer, payload, length, (uint64_t)i) != 1)
            return -1;
        seen += floor_publish(writer);
        struct floor_packet packet;
        if (floor_take(reader, &packet) != 1)
            return -2;
        seen += sum(&packet);
        seen += floor_release(reader);
    }
    return seen;
}

int64_t floor_batches(struct floor_ring *writer, struct floor_ring *reader, const void *payload, uint32_t length, int64_t count, int32_t batch) {
    int64_t seen = 0;
    for (int64_t i = 0; i < count; i += batch) {
        for (int32_t j = 0; j < batch; j++)
            if (floor_append(writer, payload, length, (uint64_t)(i + j)) != 1)
                return -1;
        seen += floor_publish(writer);
        struct floor_packet packet;
        int taken;
        while ((taken = floor_take(reader, &packet)) == 1)
            seen += sum(&packet);
        if (taken == FLOOR_BAD)
            return -2;
        seen += floor_release(reader);
    }
    return seen;
}

// Writes count packets, batch to a publication, waiting on the ring while it is full. Answers with the signals needed.
int64_t floor_produce(struct floor_ring *writer, const void *payload, uint32_t length, int64_t count, int32_t batch) {
    int64_t signals = 0;
    for (int64_t i = 0; i < count;) {
        int64_t end = i + batch < count ? i + batch : count;
        int written = 0;
        while (i < end && (written = floor_append(writer, payload, length, (uint64_t)i)) == 1)
            i++;
        if (written == FLOOR_BAD)
            return -1;
        if (writer->next != writer->committed)
            signals += floor_publish(writer);
        else
            _mm_pause();
    }
    return signals;
}

// Reads count packets, at most batch to a release.
int64_t floor_consume(struct floor_ring *reader, int64_t count, int32_t batch) {
    int64_t seen = 0;
    for (int64_t i = 0; i < count;) {
        struct floor_packet packet;
        int32_t taken = 0;
        int answer = 0;
        while (taken < batch && (answer = floor_take(reader, &packet)) == 1) {
            seen += sum(&packet);
            taken++;
        }
        if (answer == FLOOR_BAD)
            return -2;
        i += taken;
        if (taken != 0)
            floor_release(reader);
        else
            _mm_pause();
    }
    return seen;
}

// Sends one packet and waits for the answer, count times; or the other way round when it is not the first.
int64_t floor_ping_pong(struct floor_ring *writer, struct floor_ring *reader, const void *payload, uint32_t length, int64_t count, int32_t first) {
    int64_t seen = 0;
    for (int64_t i = 0; i < count; i++) {
        if (first) {
            if (floor_append(writer, payload, length, (uint64_t)i) != 1)
                return -1;
            floor_publish(writer);
        }
        struct floor_packet packet;
        int taken;
        while ((taken = floor_take(reader, &packet)) == FLOOR_NONE)
            _mm_pause();
        if (taken != 1)
            return -2;
        seen += sum(&packet);
        floor_release(reader);
        if (!first) {
            if (floor_append(writer, payload, length, (uint64_t)i) != 1)
                return -1;
            floor_publish(writer);
        }
    }
    return seen;
}
