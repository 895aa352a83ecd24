using System.Text;
using Microsoft.Extensions.Time.Testing;
using VmBus.Integration;
using Xunit;

namespace VmBus.Core.Tests.IntegrationComponents;

/// <summary>
/// Each message as it lies in a packet, written down by hand from the layouts: pipe header (flags 1, length), framework
/// version, type, message version, length, status, transaction, flags (3 asks, 5 answers), body.
/// </summary>
public class GoldenMessageTests
{
    private static readonly DateTimeOffset Now = new(2026, 11, 23, 12, 0, 0, TimeSpan.Zero);

    [Fact]
    public void Versions_are_offered_newest_first_and_answered_with_one_of_each()
    {
        var talk = new Conversation(new ShutdownHost(), new ShutdownGuest(_ => { }));
        Assert.True(talk.Ask());
        AssertIs("""
            01000000 34000000
            00000000 0000 00000000 2000 00000000 00 03 0000
            0200 0400 00000000
            03000000 01000000
            03000200 03000100 03000000 01000000
            """, talk.Request);
        Assert.True(talk.Reply());

        // Linux leaves the rest of the list as it was, and says 16 bytes.
        AssertIs("""
            01000000 34000000
            00000000 0000 00000000 1000 00000000 00 05 0000
            0100 0100 00000000
            03000000 03000200
            03000200 03000100 03000000 01000000
            """, talk.Answer);
    }

    [Fact]
    public void A_heartbeat()
    {
        var clock = new FakeTimeProvider(Now);
        var guest = new HeartbeatGuest();
        Conversation talk = new Conversation(new HeartbeatHost(clock), guest).Negotiated();
        Assert.True(talk.Exchange());
        guest.State = IcGuestState.Healthy;
        clock.Advance(TimeSpan.FromSeconds(2));
        Assert.True(talk.Exchange());
        string reserved = new('0', 56);
        AssertIs("01000000 3c000000  03000000 0100 03000000 2800 00000000 02 03 0000  0200000000000000 00000000" + reserved, talk.Request);
        AssertIs("01000000 3c000000  03000000 0100 03000000 2800 00000000 02 05 0000  0300000000000000 01000000" + reserved, talk.Answer);
    }

    [Fact]
    public void The_time_with_the_guests_reference_time()
    {
        var clock = new FakeTimeProvider(Now);
        Conversation talk = new Conversation(new TimeSyncHost(clock, () => 0x1122_3344), new TimeSyncGuest(clock, () => 0x1122_3345)).Negotiated();
        Assert.True(talk.Exchange());
        AssertIs($"01000000 2c000000  03000000 0400 04000000 1800 00000000 01 03 0000  {FileTime} 44332211 00000000 01 00 00 0000000000", talk.Request);
        AssertIs($"01000000 2c000000  03000000 0400 04000000 1800 00000000 01 05 0000  {FileTime} 44332211 00000000 01 00 00 0000000000", talk.Answer);
        clock.Advance(TimeSpan.FromSeconds(5));
        Assert.True(talk.Ask());
        Assert.Equal(2, talk.Request[28 + 16]);
    }

    [Fact]
    public void The_time_before_version_4()
    {
        var clock = new FakeTimeProvider(Now);
        Conversation talk = new Conversation(new TimeSyncHost(clock), new TimeSyncGuest(clock)).Negotiated();
        Assert.True(talk.Exchange());
        AssertIs($"01000000 30000000  03000000 0400 03000000 1c00 00000000 01 03 0000  {FileTime} 0000000000000000 0000000000000000 01 000000", talk.Request);
    }

    [Fact]
    public void A_request_to_restart_by_force()
    {
        var host = new ShutdownHost();
        Conversation talk = new Conversation(host, new ShutdownGuest(_ => { })).Negotiated();
        host.AskAsync(new ShutdownRequest(IcShutdownFlags.Restart | IcShutdownFlags.Force, TimeSpan.FromSeconds(90), 0x8004_0001, "Bye: ä"));
        Assert.True(talk.Exchange());
        string text = "4279653a20c3a4" + new string('0', 2 * (2048 - 7));
        AssertIs("01000000 20080000  03000000 0300 03000200 0c08 00000000 01 03 0000  01000480 5a000000 03000000" + text, talk.Request);
        AssertIs("01000000 20080000  03000000 0300 03000200 0c08 00000000 01 05 0000  01000480 5a000000 03000000" + text, talk.Answer);
    }

    [Fact]
    public void Pairs_are_set_got_enumerated_and_deleted()
    {
        var host = new KvpHost();
        Conversation talk = new Conversation(host, new KvpGuest(new KvpStore())).Negotiated();
        string key = Utf16("Os", 512), value = Utf16("Linux", 2048);

        host.AskAsync(KvpRequest.Set(IcKvpPool.Guest, "Os", KvpValue.Of("Linux")));
        Assert.True(talk.Exchange());
        AssertIs(Head(1, 3) + $"01 01 0000  01000000 06000000 0c000000 {key} {value} 00000000", talk.Request);
        AssertIs(Head(1, 5) + $"01 01 0000  01000000 06000000 0c000000 {key} {value} 00000000", talk.Answer);

        host.AskAsync(KvpRequest.Get(IcKvpPool.Guest, "Os"));
        Assert.True(talk.Exchange());
        AssertIs(Head(2, 3) + $"00 01 0000  00000000 06000000 00000000 {key} {Zeros(2048)} 00000000", talk.Request);
        AssertIs(Head(2, 5) + $"00 01 0000  01000000 06000000 0c000000 {key} {value} 00000000", talk.Answer);

        host.AskAsync(KvpRequest.Enumerate(IcKvpPool.Guest, 0));
        Assert.True(talk.Exchange());
        AssertIs(Head(3, 3) + $"03 01 0000  00000000 {Zeros(2572)}", talk.Request);
        AssertIs(Head(3, 5) + $"03 01 0000  00000000 01000000 06000000 0c000000 {key} {value}", talk.Answer);

        host.AskAsync(KvpRequest.Enumerate(IcKvpPool.Guest, 1));
        Assert.True(talk.Exchange());
        AssertIs(Head(4, 5, "03010780") + $"03 01 0000  01000000 {Zeros(2572)}", talk.Answer);

        host.AskAsync(KvpRequest.Delete(IcKvpPool.Guest, "Os"));
        Assert.True(talk.Exchange());
        AssertIs(Head(5, 3) + $"02 01 0000  06000000 {key} {Zeros(2576 - 516)}", talk.Request);

        host.AskAsync(KvpRequest.Set(IcKvpPool.External, "n", KvpValue.Of(0x0102_0304u)));
        Assert.True(talk.Exchange());
        AssertIs(Head(6, 3) + $"01 00 0000  04000000 04000000 04000000 {Utf16("n", 512)} 04030201 {Zeros(2044)} 00000000", talk.Request);

        host.AskAsync(KvpRequest.Set(IcKvpPool.External, "n", KvpValue.Of(0x0102_0304_0506_0708ul)));
        Assert.True(talk.Exchange());
        AssertIs(Head(7, 3) + $"01 00 0000  08000000 04000000 08000000 {Utf16("n", 512)} 0807060504030201 {Zeros(2040)} 00000000", talk.Request);
    }

    [Fact]
    public void Addresses_are_set_right_behind_the_pool()
    {
        var host = new KvpHost();
        Conversation talk = new Conversation(host, new KvpGuest(new KvpStore())).Negotiated();
        host.AskAsync(KvpRequest.SetAddresses(new KvpAddresses
        {
            AdapterId = "{a}",
            Family = IcKvpAddressFamily.IPv4 | IcKvpAddressFamily.IPv6,
            IsDhcpEnabled = true,
            Addresses = "10.0.0.2;fe80::1",
            Subnets = "/24;/64",
            Gateways = "10.0.0.1",
            DnsServers = "::1",
        }));
        Assert.True(talk.Exchange());
        AssertIs("01000000 181d0000  03000000 0200 04000000 041d 00000000 01 03 0000  05 00 "
            + Utf16("{a}", 256) + "03 01" + Utf16("10.0.0.2;fe80::1", 2048) + Utf16("/24;/64", 2048) + Utf16("10.0.0.1", 1024) + Utf16("::1", 2048), talk.Request);
        AssertIs("01000000 181d0000  03000000 0200 04000000 041d 32000780 01 05 0000  05 00 "
            + Utf16("{a}", 256) + "03 01" + Utf16("10.0.0.2;fe80::1", 2048) + Utf16("/24;/64", 2048) + Utf16("10.0.0.1", 1024) + Utf16("::1", 2048), talk.Answer);
    }

    private static string FileTime => Convert.ToHexString(BitConverter.GetBytes(Now.ToFileTime()));

    private static string Head(int transaction, int flags, string status = "00000000")
        => $"01000000 280a0000  03000000 0200 04000000 140a {status} {transaction:x2} {flags:x2} 0000 ";

    private static string Zeros(int count) => new('0', 2 * count);

    private static string Utf16(string text, int room)
        => Convert.ToHexString(Encoding.Unicode.GetBytes(text)) + Zeros(room - 2 * text.Length);

    private static void AssertIs(string expected, ReadOnlySpan<byte> packet)
    {
        byte[] bytes = Convert.FromHexString(string.Concat(expected.Where(c => !char.IsWhiteSpace(c))));
        int same = bytes.AsSpan().CommonPrefixLength(packet);
        Assert.True(same == bytes.Length && same == packet.Length, $"{packet.Length} bytes, {bytes.Length} expected; they differ at {same}.");
    }
}
