// The near end of a copy: reads a file straight into the ring, in pipe framing.

using System.Runtime.InteropServices;
using System.Security.Cryptography;
using VmBus.Pipes;

namespace VmBus.Tool;

/// <summary>Sends all of an input. The payload is read into the ring's own memory: the kernel's copy is the only one.</summary>
/// <param name="channel">The near end.</param>
/// <param name="options">Files and sizes.</param>
/// <param name="report">Told how many bytes were sent so far.</param>
internal sealed class FileSender(VmBusChannel channel, CopyOptions options, Action<long> report)
{
    private static readonly int HeaderLength = Marshal.SizeOf<PipeHeader>();

    /// <summary>Sends it.</summary>
    /// <param name="cancellationToken">Ends it with <see cref="OperationCanceledException"/>.</param>
    /// <returns>The digest and what the signals were.</returns>
    public SentFile Run(CancellationToken cancellationToken)
    {
        using Stream file = CopyFiles.OpenInput(options.Input);
        using IncrementalHash digest = IncrementalHash.CreateHash(HashAlgorithmName.SHA256);
        ChannelStatistics before = channel.GetStatistics();
        int packetLength = Math.Min(HeaderLength + options.MessageSize, channel.Outgoing.MaxPayloadLength);
        long sent = 0;
        int read;
        do
        {
            if (!channel.AwaitRoom(packetLength, HostReceiver.Patience, cancellationToken))
                throw new ToolException($"copy: the far end made no room for {HostReceiver.Patience.TotalSeconds:0} s");
            read = SendOne(file, digest, packetLength);
            report(sent += read);
            cancellationToken.ThrowIfCancellationRequested();
        }
        while (read > 0);
        return new SentFile(digest.GetHashAndReset(), CellResult.Between(before, channel.GetStatistics()));
    }

    private int SendOne(Stream file, IncrementalHash digest, int packetLength)
    {
        using ChannelWriteBatch batch = channel.BeginBatch();
        if (!batch.TryReserve(packetLength, out Span<byte> payload))
            throw new InvalidOperationException("The ring has no room although it said so: another writer uses it.");
        int read = CopyFiles.Read(file, payload[HeaderLength..], options.Input);
        PipeHeader header = new() { Type = PipePacketType.Data, Length = (uint)read };
        MemoryMarshal.Write(payload, header);
        digest.AppendData(payload.Slice(HeaderLength, read));

        // What a short read leaves of the reservation is the ring's old content: it must not travel.
        payload[(HeaderLength + read)..].Clear();
        batch.Commit(read == 0 ? VmBus.Urgency.Urgent : VmBus.Urgency.Normal);
        return read;
    }
}
