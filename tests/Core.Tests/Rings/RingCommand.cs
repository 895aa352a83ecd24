using FsCheck;
using FsCheck.Fluent;
using VmBus.Layout;

namespace VmBus.Core.Tests.Rings;

/// <summary>One thing either side of a ring can do.</summary>
internal abstract record RingCommand
{
    public static Gen<RingCommand> Generator { get; } = Gen.Frequency(
        (6, AnyPacket.Select(packet => (RingCommand)new Write(packet))),
        (4, Gen.ListOf(BatchSteps).Zip(MostlyTrue, (steps, commit) => (RingCommand)new Batch([.. steps], commit))),
        (3, Gen.Elements(0, 8, 64, 4096).Select(buffer => (RingCommand)new Read(buffer))),
        (6, Gen.Choose(0, 8).Zip(MostlyTrue, (packets, commit) => (RingCommand)new ReadBatch(packets, commit))),
        (1, Gen.Constant<RingCommand>(new Mask())),
        (1, Gen.Constant<RingCommand>(new Unmask())),
        (2, Lengths.Select(length => (RingCommand)new RequestRoom(length))),
        (1, Gen.Constant<RingCommand>(new CancelRoomRequest())),
        (1, Gen.Constant<RingCommand>(new Reopen())));

    private static Gen<bool> MostlyTrue => Gen.Frequency((3, Gen.Constant(true)), (1, Gen.Constant(false)));

    private static Gen<int> Lengths => Gen.Frequency((5, Gen.Choose(0, 100)), (2, Gen.Choose(0, 1500)), (1, Gen.Choose(3900, 4064)));

    private static Gen<PacketSpec> AnyPacket =>
        from length in Lengths
        from kind in Gen.Choose(0, 9)
        from id in Gen.Choose(0, int.MaxValue)
        select kind switch
        {
            0 => PacketSpec.InBand(length, (ulong)id) with { Flags = PacketFlags.CompletionRequested },
            1 => PacketSpec.InBand(length, (ulong)id) with { Type = PacketType.Completion },
            2 => PacketSpec.GpaDirect(Math.Min(length, 3000), (ulong)id, (5000, 100), (1, 4095)),
            3 => PacketSpec.TransferPages(Math.Min(length, 3000), (ulong)id, 3, true, (1500, 0), (60, 4096)),
            _ => PacketSpec.InBand(length, (ulong)id, id),
        };

    private static Gen<BatchStep> BatchSteps => Gen.Frequency(
        (4, AnyPacket.Select(packet => new BatchStep(StepKind.Add, packet))),
        (4, AnyPacket.Select(packet => new BatchStep(StepKind.Reserve, packet))),
        (1, Gen.Constant(new BatchStep(StepKind.Revert, PacketSpec.InBand(0)))));

    internal enum StepKind { Add, Reserve, Revert }

    internal sealed record BatchStep(StepKind Kind, PacketSpec Packet)
    {
        public override string ToString() => Kind == StepKind.Revert ? "Revert" : $"{Kind} {Describe(Packet)}";
    }

    internal sealed record Write(PacketSpec Packet) : RingCommand
    {
        public override string ToString() => $"Write {Describe(Packet)}";
    }

    internal sealed record Batch(BatchStep[] Steps, bool Commit) : RingCommand
    {
        public override string ToString() => $"Batch [{string.Join("; ", Steps.AsEnumerable())}] {(Commit ? "committed" : "given up")}";
    }

    internal sealed record Read(int BufferLength) : RingCommand;

    internal sealed record ReadBatch(int Packets, bool Commit) : RingCommand;

    internal sealed record Mask : RingCommand;

    internal sealed record Unmask : RingCommand;

    internal sealed record RequestRoom(int PayloadLength) : RingCommand;

    internal sealed record CancelRoomRequest : RingCommand;

    /// <summary>Both sides start again over the memory as it is.</summary>
    internal sealed record Reopen : RingCommand;

    private static string Describe(PacketSpec packet)
        => $"{packet.Type}{(packet.Flags == PacketFlags.None ? "" : "+completion")} of {packet.Payload.Length}";
}
