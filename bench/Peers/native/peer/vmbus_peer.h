// What a library exports to be a contender of `compare --peer lib.so`. C, no C++ needed; nothing of .NET crosses it.
//
// The easy way: define the four static functions of vmbus_peer_loops.h over your ring, include it, and all the loops are there,
// compiled into your library as they are into the floor. floor_peer.c is an example in 50 lines.
//
//   gcc -O3 -march=native -shared -fPIC -o libmine.so mine.c
//   dotnet run -c Release --project bench/Compare -- compare --peer ./libmine.so
#pragma once
#include <stdint.h>

#define VMBUS_PEER_ABI 1

// One ring. The control page is as Linux has it (struct hv_ring_buffer): write index, read index, interrupt mask, pending send
// size, each 32 bits, and the feature bits at byte 64. All zero at first, but for the mask and feature bit 0, which are 1: readers
// poll and ask for no signal, writers may wait for room, so that each commit of a reader needs its full barrier.
// The data area is mapped twice, back to back: no packet wraps.
struct vmbus_peer_ring {
    void *control;
    void *data;
    uint32_t size; // bytes in the data area, counted once
    uint32_t reserved;
};

// A packet that was taken; valid until its room is given back. For vmbus_peer_loops.h.
struct peer_packet {
    const void *payload;
    uint32_t length;
    uint64_t id;
};

// VMBUS_PEER_ABI, as the library was compiled.
uint32_t vmbus_peer_abi(void);

// What tables call it: up to 24 letters, UTF-8. Lives as long as the library.
const char *vmbus_peer_name(void);

// One end of a channel: sends into one ring, receives from another. NULL when it cannot. The rings outlive it.
void *vmbus_peer_open(const struct vmbus_peer_ring *outgoing, const struct vmbus_peer_ring *incoming);
void vmbus_peer_close(void *end);

// The loops: a whole slice a call. A packet is in-band (type 6) with the payload given, and its number, from 0 on, as its
// transaction id. A loop that reads answers with the sum over its packets of transaction id and last byte of payload; one that only
// writes answers with 0. A negative answer is a ring that broke. Nothing else may be added to an answer: it is checked.

// One thread: writes `batch` packets with one publication, reads them all with one release, until `count` are through.
int64_t vmbus_peer_alone(void *sender, void *receiver, const void *payload, uint32_t length, int64_t count, int32_t batch);

// The writing thread: `batch` packets to a publication, or as many as there is room for; polls while there is none.
int64_t vmbus_peer_produce(void *end, const void *payload, uint32_t length, int64_t count, int32_t batch);

// The reading thread: at most `batch` packets to a release; polls while there is none.
int64_t vmbus_peer_consume(void *end, int64_t count, int32_t batch);

// One side of a ping-pong: sends a packet and waits for one, `count` times; the other way round when it is not the first.
int64_t vmbus_peer_ping_pong(void *end, const void *payload, uint32_t length, int64_t count, int32_t first);
