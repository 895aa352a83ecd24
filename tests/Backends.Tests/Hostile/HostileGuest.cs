using System.Buffers.Binary;
using System.Runtime.InteropServices;
using VmBus.Guests;
using VmBus.Hosting;
using VmBus.Layout;
using VmBus.Protocol;

namespace VmBus.Backends.Tests.Hostile;

/// <summary>
/// The hostile half of a guest: malformed hypercalls and messages, GPADLs of anything, rings and monitor pages scribbled
/// over. It leaves alone what the other half has: one channel and its memory.
/// </summary>
internal sealed class HostileGuest : IDisposable
{
    private const int RingPages = 4;                    // of each ring: a control page and data
    private const int PagesOfChannel = 2 * RingPages;
    private const int PageSize = GuestMemory.PageSize;

    private readonly Random _random;
    private readonly GuestMemory _memory;
    private readonly IGuestPages _pages;                // the rings of each channel, then a page for hypercalls
    private readonly Func<ulong, ulong, ulong> _hypercall;
    private readonly (uint Relid, uint Connection)[] _channels;
    private readonly uint _spared;
    private readonly ulong[] _monitorPages;
    private readonly uint[] _gpadls;
    private uint _lastGpadl = 0x7000_0000;

    /// <summary>Makes one.</summary>
    /// <param name="seed">What all its choices come from.</param>
    /// <param name="platform">Where its memory comes from.</param>
    /// <param name="memory">All of the guest's memory.</param>
    /// <param name="hypercall">Makes a hypercall: control word, input.</param>
    /// <param name="channels">The channels that it abuses.</param>
    /// <param name="spared">The relid of the one that it does not.</param>
    /// <param name="monitorPages">The monitor pages.</param>
    public HostileGuest(int seed, IGuestPlatform platform, GuestMemory memory, Func<ulong, ulong, ulong> hypercall,
        (uint Relid, uint Connection)[] channels, uint spared, ulong[] monitorPages)
    {
        _random = new Random(seed);
        _memory = memory;
        _hypercall = hypercall;
        _channels = channels;
        _spared = spared;
        _monitorPages = monitorPages;
        _gpadls = new uint[channels.Length];
        _pages = platform.AllocatePages(channels.Length * PagesOfChannel + 1);
    }

    /// <summary>How many hypercalls it made, and how many of those succeeded.</summary>
    public (int Made, int Succeeded) Calls { get; private set; }

    /// <summary>Whether it may give the relids of its channels up, after which it has none.</summary>
    public bool ReleasesRelids { get; set; }

    /// <summary>What a packet has in it; <see langword="null"/> for 8 bytes of noise.</summary>
    public Func<Random, byte[]>? Payload { get; set; }

    /// <summary>Pages of its own, to point hardware at.</summary>
    public ulong AnyPage => Gpa(_random.Next(_pages.PageFrames.Length));

    private ulong InputPage => Gpa(_pages.PageFrames.Length - 1);

    /// <summary>Does one thing.</summary>
    public void Step()
    {
        int channel = _random.Next(_channels.Length);
        switch (_random.Next(13))
        {
            case 0 or 1:
                AnyHypercall();
                break;
            case 2:
                AnyPost();
                break;
            case 3 or 4:
                AnyMessage(channel);
                break;
            case 5:
                AnyGpadl(channel);
                break;
            case 6:
                if (_random.Next(3) == 0)
                    OpenWell(channel);
                else
                    Post(ChannelMessages.ToBytes(ChannelMessageType.CloseChannel, new CloseChannel { ChildRelid = _channels[channel].Relid }));
                break;
            case 7 or 12:
                Send(channel);
                break;
            case 8 or 9:
                ScribbleRing(channel);
                break;
            case 10:
                ScribbleMonitors();
                break;
            default:
                Signal(channel);
                break;
        }
    }

    public void Dispose() => _pages.Dispose();

    private ulong Gpa(int page) => _pages.PageFrames.Span[page] * PageSize;

    // A value at the edge of something more often than not.
    private uint AnyNumber() => _random.Next(8) switch
    {
        0 => 0,
        1 => uint.MaxValue,
        2 => int.MaxValue,
        3 => 1u << _random.Next(32),
        4 => (uint)_random.Next(64) * 8,
        5 => (RingPages - 1) * PageSize + (uint)_random.Next(-2, 3) * 8,
        6 => _channels[_random.Next(_channels.Length)].Relid,
        _ => (uint)_random.NextInt64(1L << 32),
    };

    private ulong AnyGpa() => _random.Next(8) switch
    {
        0 => InputPage + (ulong)_random.Next(PageSize),
        1 => InputPage + PageSize - 8,
        2 => (ulong)_memory.Size - (ulong)_random.Next(512),
        3 => (ulong)_memory.Size,
        4 => ulong.MaxValue - (ulong)_random.Next(4096),
        5 => 1ul << _random.Next(64),
        6 => AnyNumber(),
        _ => InputPage,
    };

    private void AnyHypercall()
    {
        ulong control = _random.Next(4) switch
        {
            0 => (ulong)HypercallCode.PostMessage,
            1 => (ulong)HypercallCode.SignalEvent,
            2 => (ulong)HypercallCode.SignalEvent | HypercallControl.FastBit,
            _ => (ulong)_random.Next(0x100, 0x1_0000),      // those below reach other parts of a hypervisor
        };
        if (_random.Next(2) == 0)
            control |= (ulong)_random.NextInt64() << 16;
        _random.NextBytes(_memory.Bytes(InputPage, PageSize));
        Call(control, AnyGpa());
    }

    // HvCallPostMessage with an input that is there, and wrong.
    private void AnyPost()
    {
        var input = new PostMessageInput
        {
            ConnectionId = _random.Next(3) switch { 0 => AnyNumber(), 1 => _channels[0].Connection, _ => MessageConnection.Contact },
            Reserved = _random.Next(4) == 0 ? AnyNumber() : 0,
            MessageType = (SynicMessageType)(_random.Next(2) == 0 ? AnyNumber() : 1),
            PayloadSize = _random.Next(2) == 0 ? AnyNumber() : (uint)_random.Next(241),
        };
        _random.NextBytes(MemoryMarshal.AsBytes((Span<ulong>)input.Payload));
        // No message has a number as high: by luck it would be one that ends the connection.
        input.Payload[0] |= 0x8000_0000;
        Call((ulong)HypercallCode.PostMessage, input);
    }

    private void AnyMessage(int channel)
    {
        Span<byte> message = stackalloc byte[ChannelMessages.MaxLength];
        _random.NextBytes(message);
        ChannelMessageType type;
        do
        {
            type = (ChannelMessageType)_random.Next(40);
        }
        while (EndsConnection(type) || (type == ChannelMessageType.RelidReleased && !ReleasesRelids));
        BinaryPrimitives.WriteUInt32LittleEndian(message, (uint)type);
        uint relid = _random.Next(3) == 0 ? AnyNumber() : _channels[channel].Relid;
        BinaryPrimitives.WriteUInt32LittleEndian(message[8..], relid == _spared ? 0 : relid);
        // Numbers in the places where most messages have their GPADL, VP, count.
        for (int offset = 12; offset < 32; offset += 4)
        {
            if (_random.Next(2) == 0)
                BinaryPrimitives.WriteUInt32LittleEndian(message[offset..], AnyNumber());
        }
        if (type is ChannelMessageType.GpadlTeardown or ChannelMessageType.GpadlBody)
            BinaryPrimitives.WriteUInt32LittleEndian(message[12..], _lastGpadl - (uint)_random.Next(4));
        int length = _random.Next(3) == 0 ? _random.Next(message.Length + 1) : ChannelMessages.Rule(type) is { } rule ? rule.MinimumLength(default) : message.Length;
        Post(message[..length]);
    }

    // These the other half may send, and has to live with what they do.
    private static bool EndsConnection(ChannelMessageType type) =>
        type is ChannelMessageType.InitiateContact or ChannelMessageType.Unload or ChannelMessageType.Pause or ChannelMessageType.ModifyConnection;

    private void AnyGpadl(int channel)
    {
        int count = _random.Next(1, GpadlHeader.MaxPageFrames + 1);
        var frames = new ulong[count];
        int kind = _random.Next(6);
        for (int i = 0; i < count; i++)
        {
            frames[i] = kind switch
            {
                0 => (ulong)(_memory.Size / PageSize) + (ulong)i,
                1 => ulong.MaxValue - (ulong)i,
                2 => (ulong)_random.NextInt64(),
                3 => _pages.PageFrames.Span[(channel + 1) % _channels.Length * PagesOfChannel + i % PagesOfChannel],      // another channel's
                4 => _pages.PageFrames.Span[channel * PagesOfChannel],                                                      // one page, over and over
                _ => _pages.PageFrames.Span[_random.Next(_pages.PageFrames.Length)],
            };
        }
        uint gpadl = ++_lastGpadl;
        int told = _random.Next(3) == 0 ? _random.Next(count + 60) : count;
        uint bytes = _random.Next(3) == 0 ? AnyNumber() : (uint)(told * PageSize);
        PostGpadl(channel, gpadl, frames, (ushort)(GpaRange.Size + told * 8), (ushort)(_random.Next(5) == 0 ? _random.Next(4) : 1), bytes, _random.Next(5) == 0 ? AnyNumber() : 0);
        if (told > count)
        {
            var body = new GpadlBody { MessageNumber = (uint)_random.Next(3), Gpadl = gpadl };
            Post([.. ChannelMessages.ToBytes(ChannelMessageType.GpadlBody, body), .. MemoryMarshal.AsBytes<ulong>(frames.AsSpan(0, Math.Min(count, GpadlBody.MaxPageFrames)))]);
        }
        Open(channel, gpadl, _random.Next(2) == 0 ? (uint)count / 2 : AnyNumber(), (uint)_random.Next(3));
    }

    // A channel as it should be, so that there is something to scribble over.
    private void OpenWell(int channel)
    {
        if (_gpadls[channel] != 0)
            Post(ChannelMessages.ToBytes(ChannelMessageType.GpadlTeardown, new GpadlTeardown { ChildRelid = _channels[channel].Relid, Gpadl = _gpadls[channel] }));
        ReadOnlySpan<ulong> frames = _pages.PageFrames.Span.Slice(channel * PagesOfChannel, PagesOfChannel);
        foreach (int ring in new[] { 0, RingPages })
            _memory.Bytes(Gpa(channel * PagesOfChannel + ring), PageSize).Clear();
        _gpadls[channel] = ++_lastGpadl;
        PostGpadl(channel, _gpadls[channel], frames, (ushort)(GpaRange.Size + PagesOfChannel * 8), 1, PagesOfChannel * PageSize, 0);
        Open(channel, _gpadls[channel], RingPages, (uint)_random.Next(2));
    }

    // A packet as it should be, at the start of the ring.
    private void Send(int channel)
    {
        Span<byte> control = _memory.Bytes(Gpa(channel * PagesOfChannel), PageSize), data = _memory.Bytes(Gpa(channel * PagesOfChannel + 1), PageSize);
        byte[]? payload = Payload?.Invoke(_random);
        uint length = payload is null ? 32 : (uint)(16 + (payload.Length + 7) / 8 * 8);
        BinaryPrimitives.WriteUInt64LittleEndian(data, (ulong)PacketType.DataInBand | 2ul << 16 | (ulong)(length / 8) << 32);
        BinaryPrimitives.WriteUInt64LittleEndian(data[8..], (ulong)_random.NextInt64());
        payload?.CopyTo(data[16..]);
        BinaryPrimitives.WriteUInt32LittleEndian(control[4..], 0);
        BinaryPrimitives.WriteUInt32LittleEndian(control, length + 8);
        Signal(channel);
    }

    private void ScribbleRing(int channel)
    {
        int ring = channel * PagesOfChannel + RingPages * _random.Next(2);
        Span<byte> control = _memory.Bytes(Gpa(ring), PageSize), data = _memory.Bytes(Gpa(ring + 1 + _random.Next(RingPages - 1)), PageSize);
        for (int times = _random.Next(1, 5); times > 0; times--)
        {
            if (_random.Next(2) == 0)
                BinaryPrimitives.WriteUInt32LittleEndian(control[(_random.Next(5) switch { 4 => 64, int field => 4 * field })..], AnyNumber());
            else
                BinaryPrimitives.WriteUInt32LittleEndian(data[(4 * _random.Next(_random.Next(2) == 0 ? 4 : PageSize / 4))..], AnyNumber());
        }
        Signal(channel);
    }

    private void ScribbleMonitors()
    {
        ulong page = _monitorPages[_random.Next(2)];
        if (page == 0)
            return;
        Span<byte> bytes = _memory.Bytes(page, PageSize);
        if (_random.Next(3) == 0)
            _random.NextBytes(bytes.Slice(4 * _random.Next(PageSize / 4), 4));
        for (int group = 0; group < 4; group++)
            Interlocked.Or(ref MemoryMarshal.AsRef<uint>(bytes[(8 + 8 * group)..]), AnyNumber());
        // A connection and a latency that were not asked for.
        BinaryPrimitives.WriteUInt32LittleEndian(bytes[(MonitorPage.ParameterOffset + 8 * _random.Next(128))..], AnyNumber());
        BinaryPrimitives.WriteUInt16LittleEndian(bytes[(MonitorPage.LatencyOffset + 2 * _random.Next(128))..], (ushort)AnyNumber());
    }

    private void Signal(int channel) =>
        Call((ulong)HypercallCode.SignalEvent | HypercallControl.FastBit, _random.Next(4) == 0 ? AnyNumber() | (ulong)AnyNumber() << 32 : _channels[channel].Connection);

    private void Open(int channel, uint gpadl, uint downstream, uint vp)
    {
        var open = new OpenChannel2
        {
            Open = new OpenChannel { ChildRelid = _channels[channel].Relid, OpenId = AnyNumber(), RingBufferGpadl = gpadl, TargetVp = vp, DownstreamPageOffset = downstream },
            ConnectionId = _channels[channel].Connection,
            EventFlag = (ushort)_channels[channel].Relid,
        };
        // A connection and a flag of the guest's choice, as from 6.0 on.
        if (_random.Next(4) == 0)
            (open.ConnectionId, open.EventFlag, open.Flags) = (AnyNumber(), (ushort)AnyNumber(), (OpenChannelFlags)_random.Next(8));
        Post(ChannelMessages.ToBytes(ChannelMessageType.OpenChannel, open));
    }

    private void PostGpadl(int channel, uint gpadl, ReadOnlySpan<ulong> frames, ushort length, ushort ranges, uint bytes, uint offset)
    {
        var header = new GpadlHeader { ChildRelid = _channels[channel].Relid, Gpadl = gpadl, RangeBufferLength = length, RangeCount = ranges };
        var range = new GpaRange { ByteCount = bytes, ByteOffset = offset };
        Post([.. ChannelMessages.ToBytes(ChannelMessageType.GpadlHeader, header), .. MemoryMarshal.AsBytes(new ReadOnlySpan<GpaRange>(in range)), .. MemoryMarshal.AsBytes(frames)]);
    }

    private void Post(ReadOnlySpan<byte> message)
    {
        var input = new PostMessageInput { ConnectionId = MessageConnection.Contact, MessageType = SynicMessageType.Channel, PayloadSize = (uint)message.Length };
        message.CopyTo(MemoryMarshal.AsBytes((Span<ulong>)input.Payload));
        Call((ulong)HypercallCode.PostMessage, input);
    }

    private void Call(ulong control, in PostMessageInput input)
    {
        MemoryMarshal.AsBytes(new ReadOnlySpan<PostMessageInput>(in input)).CopyTo(_memory.Bytes(InputPage, PostMessageInput.Size));
        Call(control, InputPage);
    }

    private void Call(ulong control, ulong input)
    {
        bool succeeded = (HypercallStatus)(_hypercall(control, input) & 0xFFFF) == HypercallStatus.Success;
        Calls = (Calls.Made + 1, Calls.Succeeded + (succeeded ? 1 : 0));
    }
}
