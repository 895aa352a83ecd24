// The far end of a copy: takes packets in pipe framing off the ring, digests and writes them.

using System.Runtime.InteropServices;
using System.Security.Cryptography;
using VmBus.Pipes;

namespace VmBus.Tool;

/// <summary>Writes what arrives to a file. A pipe packet without data is the end.</summary>
/// <param name="output">The file, or <see cref="CopyOptions.Standard"/>.</param>
internal sealed class SaveJob(string output) : IHostJob<SavedFile>
{
    /// <summary>The job's name on a command line.</summary>
    public const string Name = "save";

    private long _bytes;
    private long _packets;
    private bool _ended;

    /// <inheritdoc/>
    public IReadOnlyList<string> Arguments => [Name, output];

    /// <summary>Bytes received so far, while the job runs in this process.</summary>
    public long BytesReceived => Volatile.Read(ref _bytes);

    /// <summary>Reads a job's arguments behind its name.</summary>
    public static SaveJob Parse(ReadOnlySpan<string> arguments) => new(arguments[0]);

    /// <inheritdoc/>
    public SavedFile Run(VmBusChannel channel, CancellationToken cancellationToken)
    {
        using Stream file = CopyFiles.OpenOutput(output);
        using IncrementalHash digest = IncrementalHash.CreateHash(HashAlgorithmName.SHA256);
        while (!_ended)
        {
            if (!channel.AwaitPackets(HostReceiver.Patience, cancellationToken))
                throw new ToolException($"copy: nothing arrived for {HostReceiver.Patience.TotalSeconds:0} s after {_bytes} bytes");
            Drain(channel, file, digest);
        }

        CopyFiles.Flush(file, output);
        return new SavedFile(_bytes, _packets, channel.GetStatistics().Wakeups, digest.GetHashAndReset());
    }

    /// <inheritdoc/>
    public void Write(BinaryWriter writer, SavedFile result)
    {
        writer.Write(result.Bytes);
        writer.Write(result.Packets);
        writer.Write(result.Wakeups);
        writer.Write(result.Sha256);
    }

    /// <inheritdoc/>
    public SavedFile Read(BinaryReader reader) => new(reader.ReadInt64(), reader.ReadInt64(), reader.ReadInt64(), reader.ReadBytes(SHA256.HashSizeInBytes));

    /// <summary>Reads what there is. Room goes back every quarter of the ring, so that the sender need not stop for a disk.</summary>
    private void Drain(VmBusChannel channel, Stream file, IncrementalHash digest)
    {
        int quarter = channel.Incoming.DataSize / 4;
        bool more = true;
        while (more && !_ended)
        {
            ChannelReadBatch batch = channel.ReadBatch();
            int taken = 0;
            while (taken < quarter && !_ended && (more = batch.TryNext(out RingPacket packet)))
            {
                ReadOnlySpan<byte> data = Data(packet.Payload);
                _packets++;
                taken += packet.Payload.Length;
                _ended = data.IsEmpty;
                digest.AppendData(data);
                CopyFiles.Write(file, data, output);
                Volatile.Write(ref _bytes, _bytes + data.Length);
            }

            batch.Commit();
        }
    }

    private static ReadOnlySpan<byte> Data(ReadOnlySpan<byte> payload)
    {
        int headerLength = Marshal.SizeOf<PipeHeader>();
        if (payload.Length < headerLength)
            throw new ToolException($"copy: a packet of {payload.Length} bytes arrived; its header alone takes {headerLength}");
        PipeHeader header = MemoryMarshal.Read<PipeHeader>(payload);
        if (header.Type != PipePacketType.Data || header.Length > payload.Length - headerLength)
            throw new ToolException($"copy: a pipe packet of type {header.Type} with {header.Length} bytes arrived in a payload of {payload.Length}");
        return payload.Slice(headerLength, (int)header.Length);
    }
}
