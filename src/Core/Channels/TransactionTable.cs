// Requests in flight by transaction id, so that a completion is matched only with a request that was made. Does what
// Linux's vmbus_requestor does (drivers/hv/channel.c), without its lock and with ids that are not used twice in a row.

using System.Diagnostics.CodeAnalysis;

namespace VmBus;

/// <summary>
/// Hands out transaction ids and takes each back once. An id that was never given, was given back, or belongs to an
/// earlier use of its slot is refused: a hostile peer's completion finds nothing.
/// </summary>
/// <typeparam name="T">What the sender wants back with the completion.</typeparam>
/// <remarks>
/// Any thread may add, any thread may complete; lock-free; nothing is allocated after the constructor. An id holds the
/// slot in its low 32 bits, counted from 1, and the slot's generation above: 0 is never an id, as with Linux.
/// </remarks>
internal sealed class TransactionTable<T>
{
    private const uint None = 0;

    private readonly Entry[] _slots;
    private ulong _freeHead;    // slot number (1-based) in the low half, a count of changes in the high half
    private int _count;

    /// <summary>Makes an empty table.</summary>
    /// <param name="capacity">Requests in flight at most.</param>
    /// <exception cref="ArgumentOutOfRangeException">The capacity is not positive.</exception>
    public TransactionTable(int capacity)
    {
        ArgumentOutOfRangeException.ThrowIfNegativeOrZero(capacity);
        _slots = new Entry[capacity];
        for (int i = 0; i < capacity; i++)
            _slots[i].NextFree = i + 1 < capacity ? (uint)i + 2 : None;
        _freeHead = 1;
    }

    /// <summary>Requests in flight at most.</summary>
    public int Capacity => _slots.Length;

    /// <summary>Requests in flight now.</summary>
    public int Count => Volatile.Read(ref _count);

    /// <summary>Notes a request and gives it an id.</summary>
    /// <param name="state">What to hand back with the completion.</param>
    /// <param name="transactionId">The id to send; never 0.</param>
    /// <returns><see langword="false"/> when as many requests as the table holds are in flight.</returns>
    public bool TryAdd(T state, out ulong transactionId)
    {
        ulong head = Volatile.Read(ref _freeHead);
        while (true)
        {
            uint number = (uint)head;
            if (number == None)
            {
                transactionId = 0;
                return false;
            }

            // The count in the high half makes a head that came back after other changes differ.
            ulong next = ((head >> 32) + 1) << 32 | Volatile.Read(ref _slots[number - 1].NextFree);
            ulong seen = Interlocked.CompareExchange(ref _freeHead, next, head);
            if (seen != head)
            {
                head = seen;
                continue;
            }

            ref Entry slot = ref _slots[number - 1];
            slot.State = state;
            uint generation = (slot.Generation + 1) & int.MaxValue;
            slot.Generation = generation;
            Interlocked.Increment(ref _count);
            Volatile.Write(ref slot.Live, (long)(generation | 1UL << 31));
            transactionId = (ulong)generation << 32 | number;
            return true;
        }
    }

    /// <summary>Matches a completion with its request and frees the id.</summary>
    /// <param name="transactionId">The id the completion carries.</param>
    /// <param name="state">What was noted with the request.</param>
    /// <returns><see langword="false"/> when no request with this id is in flight.</returns>
    public bool TryComplete(ulong transactionId, [MaybeNullWhen(false)] out T state)
    {
        uint number = (uint)transactionId;
        uint generation = (uint)(transactionId >> 32);
        if (number == None || number > (uint)_slots.Length || generation > int.MaxValue)
        {
            state = default;
            return false;
        }

        ref Entry slot = ref _slots[number - 1];
        long live = (long)(generation | 1UL << 31);
        if (Interlocked.CompareExchange(ref slot.Live, 0, live) != live)
        {
            state = default;
            return false;
        }

        state = slot.State!;
        slot.State = default;
        Interlocked.Decrement(ref _count);
        Free(number);
        return true;
    }

    /// <summary>Takes back any request that is in flight, as if it were completed: for the end of them all.</summary>
    internal bool TryTakeAny([MaybeNullWhen(false)] out T state)
    {
        for (int i = 0; i < _slots.Length; i++)
        {
            if (Volatile.Read(ref _slots[i].Live) is var live and not 0
                && TryComplete((ulong)(live & int.MaxValue) << 32 | ((uint)i + 1), out state))
            {
                return true;
            }
        }

        state = default;
        return false;
    }

    private void Free(uint number)
    {
        ulong head = Volatile.Read(ref _freeHead);
        while (true)
        {
            Volatile.Write(ref _slots[number - 1].NextFree, (uint)head);
            ulong next = ((head >> 32) + 1) << 32 | number;
            ulong seen = Interlocked.CompareExchange(ref _freeHead, next, head);
            if (seen == head)
                return;
            head = seen;
        }
    }

    private struct Entry
    {
        public T? State;
        public long Live;       // the generation and bit 31 while a request is in flight, else 0
        public uint Generation;
        public uint NextFree;
    }
}
