using VmBus.Guests;
using VmBus.Layout;
using VmBus.Protocol;

namespace VmBus.Backends.Tests.HostileDevices;

/// <summary>
/// A guest that posts each message when a test says so, and waits for answers or does not: what no driver of ours would do,
/// at the moment it must not be done. Speaks 5.3, without monitors.
/// </summary>
internal sealed class WireGuest : IDisposable
{
    private const int RingSize = 4096;

    private readonly IGuestPlatform _platform;
    private readonly IDisposable _receiving;
    private readonly List<byte[]> _received = [];
    private readonly List<IDisposable> _memory = [];
    private uint _lastGpadl = 0xE1E0F;
    private uint _lastOpen;

    public WireGuest(IGuestPlatform platform)
    {
        _platform = platform;
        _receiving = platform.ReceiveMessages(message =>
        {
            lock (_received)
                _received.Add(message.ToArray());
        });
    }

    /// <summary>How many channels have had rings, which this end keeps mapped.</summary>
    public int MappedChannels { get; private set; }

    public void Dispose()
    {
        _receiving.Dispose();
        foreach (IDisposable memory in _memory)
            memory.Dispose();
    }

    public HypercallStatus TryPost(byte[] message) => _platform.PostMessage(MessageConnection.Contact, message);

    public void Post(byte[] message) => Assert.Equal(HypercallStatus.Success, TryPost(message));

    /// <summary>Waits for a message of a type, whatever else came before it.</summary>
    public async Task<T> NextAsync<T>(ChannelMessageType type) where T : unmanaged
    {
        using var limit = CancellationTokenSource.CreateLinkedTokenSource(TestContext.Current.CancellationToken);
        limit.CancelAfter(Patience.Limit);
        for (int looks = 0; ; looks++)
        {
            lock (_received)
            {
                int index = _received.FindIndex(message => message[0] == (byte)type);
                if (index >= 0)
                {
                    byte[] found = _received[index];
                    _received.RemoveAt(index);
                    return ChannelMessages.Read<T>(found);
                }
            }
            Assert.False(limit.IsCancellationRequested, $"{type} did not come within {Patience.Limit}.");
            // Most answers come at once; a delay is milliseconds, and some tests ask ten thousand times.
            if (looks < 1000)
                await Task.Yield();
            else
                await Task.Delay(1, CancellationToken.None);
        }
    }

    public int Count(ChannelMessageType type)
    {
        lock (_received)
            return _received.Count(message => message[0] == (byte)type);
    }

    public void PostContact() => PostContact(new InitiateContact { VersionRequested = ProtocolVersion.Iron, TargetSint = SynicMsr.VmBusSint });

    /// <summary>Connects and takes every offer.</summary>
    public Task<Dictionary<Guid, OfferChannel>> ConnectAsync()
    {
        PostContact();
        return TakeOffersAsync();
    }

    /// <summary>Connects as a guest of another version, or with pages of its own.</summary>
    public Task<Dictionary<Guid, OfferChannel>> ConnectAsync(in InitiateContact contact)
    {
        PostContact(contact);
        return TakeOffersAsync();
    }

    private void PostContact(in InitiateContact contact) =>
        Post(ChannelMessages.ToBytes(ChannelMessageType.InitiateContact, new InitiateContact2 { Contact = contact }, InitiateContact.Size));

    private async Task<Dictionary<Guid, OfferChannel>> TakeOffersAsync()
    {
        await NextAsync<VersionResponse>(ChannelMessageType.VersionResponse);
        Post(ChannelMessages.ToBytes(ChannelMessageType.RequestOffers));
        await NextAsync<AllOffersDelivered>(ChannelMessageType.AllOffersDelivered);
        var offers = new Dictionary<Guid, OfferChannel>();
        while (Count(ChannelMessageType.OfferChannel) > 0)
        {
            OfferChannel offer = await NextAsync<OfferChannel>(ChannelMessageType.OfferChannel);
            offers.Add(offer.Offer.InterfaceInstance, offer);
        }
        return offers;
    }

    /// <summary>Shows the host memory for a channel's rings.</summary>
    public async Task<WireChannel> ShareRingsAsync(OfferChannel offer)
    {
        IGuestRings rings = _platform.AllocateRings(RingSize, RingSize);
        _memory.Add(rings);
        MappedChannels++;
        (uint gpadl, ChannelMessageStatus status) = await CreateGpadlAsync(offer.ChildRelid, rings.PageFrames);
        Assert.Equal(ChannelMessageStatus.Success, status);
        return new WireChannel(offer, gpadl, rings);
    }

    /// <summary>Pages to make GPADLs of that no driver would make.</summary>
    public ReadOnlyMemory<ulong> AllocatePages(int count)
    {
        IGuestPages pages = _platform.AllocatePages(count);
        _memory.Add(pages);
        return pages.PageFrames;
    }

    public Task<(uint Gpadl, ChannelMessageStatus Status)> CreateGpadlAsync(uint relid, ReadOnlyMemory<ulong> frames) =>
        CreateGpadlAsync(relid, GpadlRange.OfPages(frames));

    public async Task<(uint Gpadl, ChannelMessageStatus Status)> CreateGpadlAsync(uint relid, params GpadlRange[] ranges)
    {
        uint gpadl = ++_lastGpadl;
        foreach (byte[] message in GpadlMessages.Encode(relid, gpadl, ranges))
            Post(message);
        return (gpadl, (await NextAsync<GpadlCreated>(ChannelMessageType.GpadlCreated)).Status);
    }

    public void PostOpen(uint relid, uint gpadl, uint downstream = 2) => Post(ChannelMessages.ToBytes(ChannelMessageType.OpenChannel,
        new OpenChannel { ChildRelid = relid, OpenId = ++_lastOpen, RingBufferGpadl = gpadl, TargetVp = 0, DownstreamPageOffset = downstream }));

    public void PostOpen(WireChannel channel) => PostOpen(channel.Relid, channel.Gpadl, (uint)channel.Rings.DownstreamPageOffset);

    public async Task<ChannelMessageStatus> OpenResultAsync() => (await NextAsync<OpenChannelResult>(ChannelMessageType.OpenChannelResult)).Status;

    public async Task<ChannelMessageStatus> OpenAsync(WireChannel channel)
    {
        PostOpen(channel);
        return await OpenResultAsync();
    }

    public void PostClose(uint relid) => Post(ChannelMessages.ToBytes(ChannelMessageType.CloseChannel, new CloseChannel { ChildRelid = relid }));

    public void PostTeardown(WireChannel channel) =>
        Post(ChannelMessages.ToBytes(ChannelMessageType.GpadlTeardown, new GpadlTeardown { ChildRelid = channel.Relid, Gpadl = channel.Gpadl }));

    /// <summary>Closes a channel and takes its memory back: the host has let go of it when this ends.</summary>
    public async Task CloseAsync(WireChannel channel)
    {
        PostClose(channel.Relid);
        await TearDownAsync(channel);
    }

    public async Task TearDownAsync(WireChannel channel)
    {
        PostTeardown(channel);
        Assert.Equal(channel.Gpadl, (await NextAsync<GpadlTorndown>(ChannelMessageType.GpadlTorndown)).Gpadl);
    }

    public void PostRelease(uint relid) => Post(ChannelMessages.ToBytes(ChannelMessageType.RelidReleased, new RelidReleased { ChildRelid = relid }));

    public void PostUnload() => Post(ChannelMessages.ToBytes(ChannelMessageType.Unload));

    public async Task UnloadAsync()
    {
        PostUnload();
        await NextAsync<UnloadResponse>(ChannelMessageType.UnloadResponse);
    }

    /// <summary>Writes an impossible index into the ring that the host reads, and signals.</summary>
    public void BreakRing(WireChannel channel)
    {
        System.Runtime.InteropServices.Marshal.WriteInt32(((VmBus.Hosting.RingMapping)channel.Rings.Outgoing.Owner!).ControlAddress, 1 << 30);
        Assert.Equal(HypercallStatus.Success, _platform.CreateSignalPath(channel.Offer.ConnectionId, isMonitored: false).Signal());
    }

    /// <summary>Sends a packet to an echo and waits until it is back.</summary>
    public void Ping(WireChannel channel) => Ping(channel, () =>
        Assert.Equal(HypercallStatus.Success, _platform.CreateSignalPath(channel.Offer.ConnectionId, isMonitored: false).Signal()));

    /// <summary>The same, by a bit in the monitor page from child to parent.</summary>
    public static void PingMonitored(WireChannel channel, nint page)
    {
        int monitor = channel.Offer.MonitorId;
        Ping(channel, () => Interlocked.Or(ref new MonitorPageView(page).Pending(monitor / 32), 1u << (monitor % 32)));
    }

    private static void Ping(WireChannel channel, Action signal)
    {
        var outgoing = new OutgoingRing(channel.Rings.Outgoing);
        var incoming = new IncomingRing(channel.Rings.Incoming);
        Assert.True(outgoing.TryWrite([1, 2, 3, 4, 5, 6, 7, 8], 77, PacketFlags.None, out _));
        signal();
        Background.Until(() => incoming.HasPackets, "the echo");
        byte[] back = new byte[8];
        Assert.True(incoming.TryRead(back, out _, out ulong id, out _));
        Assert.Equal(77ul, id);
    }
}

/// <summary>A channel as the guest has it: its offer, and the rings it has shown the host.</summary>
internal sealed record WireChannel(OfferChannel Offer, uint Gpadl, IGuestRings Rings)
{
    public uint Relid => Offer.ChildRelid;
}
