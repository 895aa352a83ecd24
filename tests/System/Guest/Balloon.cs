using System.Buffers.Binary;

namespace VmBus.SystemTest;

/// <summary>
/// The guest's side of the dynamic memory protocol, as far as QEMU's hv-balloon answers. Messages are in-band packets,
/// little-endian: type u16, size u16, transaction id u32, then what the type says.
/// </summary>
internal sealed class Balloon(VmBusChannel channel)
{
    public const uint Version2016 = 2 << 16;
    public const int VersionRequestLength = 16;

    private const ushort VersionRequest = 1;
    private const ushort VersionResponse = 2;
    private const ushort CapabilitiesReport = 3;
    private const ushort CapabilitiesResponse = 4;

    private const ushort StatusReport = 5;
    private const ushort BalloonRequest = 6;
    private const ushort BalloonResponse = 7;

    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(300);
    private readonly byte[] _message = new byte[4096];

    /// <summary>One version request and its answer.</summary>
    public bool Negotiate(uint transaction, uint version)
    {
        Span<byte> request = stackalloc byte[VersionRequestLength];
        Request(request, transaction, version);
        Send(request, transaction);
        return Accepted(transaction);
    }

    /// <summary>Says what this guest can do: 1 ballooning. The longer of the two forms: the shorter is silently ignored.</summary>
    /// <returns>The answer's flags: 1 accepted, 2 hot removal wanted, 4 no status reports wanted.</returns>
    public ulong ReportCapabilities(uint transaction)
    {
        Span<byte> report = stackalloc byte[32];
        Header(report, CapabilitiesReport, transaction);
        BinaryPrimitives.WriteUInt64LittleEndian(report[8..], 1);
        BinaryPrimitives.WriteUInt64LittleEndian(report[16..], 0);
        BinaryPrimitives.WriteUInt64LittleEndian(report[24..], ulong.MaxValue);
        Send(report, transaction);
        ReadOnlySpan<byte> answer = Receive(CapabilitiesResponse, transaction, 16);
        return BinaryPrimitives.ReadUInt64LittleEndian(answer[8..]);
    }

    /// <summary>Tells the host how much memory is free and in use, in pages. It does not answer.</summary>
    public void ReportStatus(uint transaction, ulong available, ulong committed)
    {
        Span<byte> report = stackalloc byte[48];
        report.Clear();
        Header(report, StatusReport, transaction);
        BinaryPrimitives.WriteUInt64LittleEndian(report[8..], available);
        BinaryPrimitives.WriteUInt64LittleEndian(report[16..], committed);
        Send(report, transaction);
    }

    /// <summary>A request that the host makes of itself: to give it so many pages.</summary>
    /// <returns>The pages it wants; -1 when none came in time.</returns>
    public long AwaitRequest(uint transaction, TimeSpan patience)
    {
        if (!channel.WaitToRead(patience))
            return -1;
        ReadOnlySpan<byte> request = Receive(BalloonRequest, transaction, 16);
        return BinaryPrimitives.ReadUInt32LittleEndian(request[8..]);
    }

    /// <summary>Answers a request: nothing to give, this guest is as small as it can be.</summary>
    public void Refuse(uint transaction)
    {
        Span<byte> response = stackalloc byte[16];
        response.Clear();
        Header(response, BalloonResponse, transaction);
        Send(response, transaction);
    }

    public static void Request(Span<byte> request, uint transaction, uint version)
    {
        Header(request, VersionRequest, transaction);
        BinaryPrimitives.WriteUInt32LittleEndian(request[8..], version);
        BinaryPrimitives.WriteUInt32LittleEndian(request[12..], 0);
    }

    /// <summary>Takes the answer to a version request, and checks all of it.</summary>
    public bool Accepted(uint transaction)
    {
        ReadOnlySpan<byte> answer = Receive(VersionResponse, transaction, 16);
        ulong accepted = BinaryPrimitives.ReadUInt64LittleEndian(answer[8..]);
        return accepted <= 1 ? accepted == 1 : throw new FailedException($"a version answered with {accepted}, which is neither yes nor no");
    }

    public void Send(ReadOnlySpan<byte> message, uint transaction)
    {
        while (!channel.TrySend(message, transaction))
        {
            if (!channel.WaitToWrite(message.Length, Patience))
                throw new FailedException($"no room for {message.Length} bytes in {Patience.TotalSeconds} s");
        }
    }

    private ReadOnlySpan<byte> Receive(ushort type, uint transaction, int length)
    {
        while (true)
        {
            int got = TryReceive(out ulong packetTransaction);
            if (got < 0)
            {
                if (!channel.WaitToRead(Patience))
                    throw new FailedException($"no answer to request {transaction} in {Patience.TotalSeconds} s");
                continue;
            }

            ReadOnlySpan<byte> message = _message.AsSpan(0, got);
            if (got != length)
                throw new FailedException($"a message of {got} bytes came, {length} were expected");
            ushort gotType = BinaryPrimitives.ReadUInt16LittleEndian(message);
            ushort gotSize = BinaryPrimitives.ReadUInt16LittleEndian(message[2..]);
            uint gotTransaction = BinaryPrimitives.ReadUInt32LittleEndian(message[4..]);
            if (gotType != type || gotSize != length || gotTransaction != transaction || packetTransaction != transaction)
            {
                throw new FailedException($"type {gotType}, size {gotSize}, transaction {gotTransaction} in packet {packetTransaction} came; "
                    + $"type {type}, size {length}, transaction {transaction} were expected");
            }
            return message;
        }
    }

    private int TryReceive(out ulong transaction)
    {
        using ChannelReadBatch batch = channel.ReadBatch();
        if (!batch.TryNext(out RingPacket packet))
        {
            transaction = 0;
            return -1;
        }

        transaction = packet.TransactionId;
        packet.Payload.CopyTo(_message);
        int length = packet.Payload.Length;
        batch.Commit();
        return length;
    }

    private static void Header(Span<byte> message, ushort type, uint transaction)
    {
        BinaryPrimitives.WriteUInt16LittleEndian(message, type);
        BinaryPrimitives.WriteUInt16LittleEndian(message[2..], (ushort)message.Length);
        BinaryPrimitives.WriteUInt32LittleEndian(message[4..], transaction);
    }
}
