// The hot paths whose instructions are counted, each behind a method that is compiled on its own.

using System.Runtime.CompilerServices;
using VmBus.Layout;
using VmBus.Pipes;

namespace VmBus.MachineCode;

/// <summary>What instruction-counts.txt of the tests lists, by name.</summary>
internal static class Counted
{
    [MethodImpl(MethodImplOptions.NoInlining)]
    public static bool Write(OutgoingRing ring, ReadOnlySpan<byte> payload) => ring.TryWrite(payload, 1, PacketFlags.None, out _);

    [MethodImpl(MethodImplOptions.NoInlining)]
    public static bool Send(VmBusChannel channel, ReadOnlySpan<byte> payload) => channel.TrySend(payload);

    /// <summary>A batch of one packet: what a batch costs beside <see cref="Write"/>.</summary>
    [MethodImpl(MethodImplOptions.NoInlining)]
    public static bool WriteBatch(OutgoingRing ring, ReadOnlySpan<byte> payload)
    {
        using OutgoingBatch batch = ring.BeginBatch();
        bool added = batch.TryAdd(payload);
        batch.Commit();
        return added;
    }

    [MethodImpl(MethodImplOptions.NoInlining)]
    public static ulong Read(IncomingRing ring)
    {
        using IncomingBatch batch = ring.ReadBatch();
        ulong id = batch.TryNext(out RingPacket packet) ? packet.TransactionId : 0;
        batch.Commit();
        return id;
    }

    [MethodImpl(MethodImplOptions.NoInlining)]
    public static ulong ReadChannel(VmBusChannel channel)
    {
        using ChannelReadBatch batch = channel.ReadBatch();
        ulong id = batch.TryNext(out RingPacket packet) ? packet.TransactionId : 0;
        batch.Commit();
        return id;
    }

    [MethodImpl(MethodImplOptions.NoInlining)]
    public static void WritePipe(PipeStream pipe, ReadOnlySpan<byte> bytes) => pipe.Write(bytes);

    [MethodImpl(MethodImplOptions.NoInlining)]
    public static int ReadPipe(PipeStream pipe, Span<byte> bytes) => pipe.Read(bytes);
}
