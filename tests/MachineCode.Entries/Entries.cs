// The operations whose machine code is read, each behind a method that is compiled on its own. What a user's own method
// would contain, once all that is small has been inlined into it.

using System.Runtime.CompilerServices;
using VmBus.Hosting;
using VmBus.InMemory;
using VmBus.Layout;

namespace VmBus.MachineCode;

/// <summary>The entry points of the machine code tests. Their names are the tests' parameters.</summary>
internal static class Entries
{
    [MethodImpl(MethodImplOptions.NoInlining)]
    public static void SetInWord32(ref uint word, int bit) => SyncBits.Set(ref word, bit);

    [MethodImpl(MethodImplOptions.NoInlining)]
    public static void SetInWord64(ref ulong word, int bit) => SyncBits.Set(ref word, bit);

    [MethodImpl(MethodImplOptions.NoInlining)]
    public static void SetInSpan32(Span<uint> bits, int index) => SyncBits.Set(bits, index);

    [MethodImpl(MethodImplOptions.NoInlining)]
    public static void SetInSpan64(Span<ulong> bits, int index) => SyncBits.Set(bits, index);

    [MethodImpl(MethodImplOptions.NoInlining)]
    public static void ClearInWord32(ref uint word, int bit) => SyncBits.Clear(ref word, bit);

    [MethodImpl(MethodImplOptions.NoInlining)]
    public static void ClearInSpan64(Span<ulong> bits, int index) => SyncBits.Clear(bits, index);

    /// <summary>Its result is wanted, so it is a loop: what the tests must be able to see.</summary>
    [MethodImpl(MethodImplOptions.NoInlining)]
    public static bool TestAndSetInWord32(ref uint word, int bit) => SyncBits.TestAndSet(ref word, bit);

    /// <summary>Leaves an enumeration early, so that what it had taken is put back.</summary>
    [MethodImpl(MethodImplOptions.NoInlining)]
    public static int FirstOfDrain(Span<ulong> words)
    {
        foreach (int bit in SyncBits.Drain(words))
            return bit;
        return -1;
    }

    [MethodImpl(MethodImplOptions.NoInlining)]
    public static void Signal(ChannelSignaler signaler, long sent) => signaler.Signal(Urgency.Normal, sent);

    [MethodImpl(MethodImplOptions.NoInlining)]
    public static void SignalRoom(ChannelSignaler signaler) => signaler.SignalRoom();

    [MethodImpl(MethodImplOptions.NoInlining)]
    public static void SetMode(ChannelSignaler signaler, SignalMode mode) => signaler.Mode = mode;

    [MethodImpl(MethodImplOptions.NoInlining)]
    public static bool Write(OutgoingRing ring, ReadOnlySpan<byte> payload) => ring.TryWrite(payload, 1, PacketFlags.None, out _);

    [MethodImpl(MethodImplOptions.NoInlining)]
    public static bool Send(VmBusChannel channel, ReadOnlySpan<byte> payload) => channel.TrySend(payload);

    /// <summary>Asks the reader to tell of room, and looks once more.</summary>
    [MethodImpl(MethodImplOptions.NoInlining)]
    public static bool RequestRoom(OutgoingRing ring, int payloadLength) => ring.RequestRoom(payloadLength);

    /// <summary>Asks the writer to tell of packets, and looks once more.</summary>
    [MethodImpl(MethodImplOptions.NoInlining)]
    public static bool Unmask(IncomingRing ring) => ring.UnmaskInterrupt();

    /// <summary>Gives the room of what was read back, and looks whether the writer waits for it.</summary>
    [MethodImpl(MethodImplOptions.NoInlining)]
    public static bool ReadAndCommit(IncomingRing ring)
    {
        using IncomingBatch batch = ring.ReadBatch();
        while (batch.TryNext(out _))
        {
        }

        return batch.Commit();
    }

    [MethodImpl(MethodImplOptions.NoInlining)]
    public static void SetReceiveBit(EventFlagSignalPath path) => path.Signal();

    [MethodImpl(MethodImplOptions.NoInlining)]
    public static void EnableGroup(MonitorExaminer examiner, int group, bool enabled) => examiner.SetGroupEnabled(group, enabled);

    [MethodImpl(MethodImplOptions.NoInlining)]
    public static void Register(MonitorExaminer examiner, int monitor) => examiner.Register(monitor, 7, 0, 1000);
}
