using System.Buffers;
using System.Runtime.CompilerServices;
using System.Threading.Channels;

namespace VmBus.Compare;

/// <summary>What a .NET program would take instead: a bounded channel of pooled buffers, of as many packets as the ring holds.</summary>
internal sealed class ChannelContender : IContender
{
    private readonly Case _case;
    private readonly byte[] _payload;
    private readonly Channel<Packet> _there;
    private readonly Channel<Packet> _back;

    public ChannelContender(Case @case, byte[] payload)
    {
        _case = @case;
        _payload = payload;
        var options = new BoundedChannelOptions(@case.Capacity) { SingleReader = true, SingleWriter = true };
        _there = Channel.CreateBounded<Packet>(options);
        _back = Channel.CreateBounded<Packet>(options);
    }

    private readonly record struct Packet(byte[] Buffer, int Length, ulong TransactionId);

    public void Dispose()
    {
    }

    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    public long Alone(int count)
    {
        int packets = _case.Batch;
        long seen = 0;
        for (int i = 0; i < count; i += packets)
        {
            for (int j = 0; j < packets; j++)
            {
                if (!TryWrite(_there.Writer, i + j))
                    return -1;
            }

            while (TryRead(_there.Reader, ref seen))
            {
            }
        }

        return seen;
    }

    public long First(int count) => _case.Shape == Shape.PingPong ? PingPong(_there.Writer, _back.Reader, count, first: true) : Produce(count);

    public long Second(int count) => _case.Shape == Shape.PingPong ? PingPong(_back.Writer, _there.Reader, count, first: false) : Consume(count);

    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    private long Produce(int count)
    {
        for (int i = 0; i < count; i++)
        {
            while (!TryWrite(_there.Writer, i))
                Pause.Once();
        }

        return 0;
    }

    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    private long Consume(int count)
    {
        long seen = 0;
        for (int i = 0; i < count; i++)
        {
            while (!TryRead(_there.Reader, ref seen))
                Pause.Once();
        }

        return seen;
    }

    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    private long PingPong(ChannelWriter<Packet> writer, ChannelReader<Packet> reader, int count, bool first)
    {
        long seen = 0;
        for (int i = 0; i < count; i++)
        {
            if (first && !TryWrite(writer, i))
                return -1;
            while (!TryRead(reader, ref seen))
                Pause.Once();
            if (!first && !TryWrite(writer, i))
                return -1;
        }

        return seen;
    }

    private bool TryWrite(ChannelWriter<Packet> writer, int id)
    {
        byte[] buffer = ArrayPool<byte>.Shared.Rent(_payload.Length);
        _payload.CopyTo(buffer, 0);
        if (writer.TryWrite(new Packet(buffer, _payload.Length, (ulong)id)))
            return true;
        ArrayPool<byte>.Shared.Return(buffer);
        return false;
    }

    private static bool TryRead(ChannelReader<Packet> reader, ref long seen)
    {
        if (!reader.TryRead(out Packet packet))
            return false;
        seen += (long)packet.TransactionId + packet.Buffer[packet.Length - 1];
        ArrayPool<byte>.Shared.Return(packet.Buffer);
        return true;
    }
}
