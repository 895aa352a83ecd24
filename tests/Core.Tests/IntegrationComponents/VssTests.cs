using Microsoft.Extensions.Time.Testing;
using VmBus.Integration;
using Xunit;

namespace VmBus.Core.Tests.IntegrationComponents;

/// <summary>The host's side of snapshots, against what Linux's hv_snapshot.c reads and answers.</summary>
public class VssTests
{
    private readonly FakeTimeProvider _clock = new();
    private readonly byte[] _packet = new byte[8192];

    [Fact]
    public void It_is_offered_as_Linux_looks_for_it()
    {
        Assert.Equal(new Guid("35fa2e29-ea23-4236-96ae-3a6ebacba440"), VssHost.Offer.InterfaceType);
        VssHost host = new(_clock);
        // Framework 3.0 and 1.0, messages 5.0 (VSS_VERSION).
        byte[] offer = Next(host);
        Assert.Equal([2, 0, 1, 0], offer[28..32]);
        Assert.Equal([3, 0, 0, 0, 1, 0, 0, 0, 5, 0, 0, 0], offer[36..48]);
    }

    [Fact]
    public async Task Each_question_is_12_bytes_whose_first_says_what_to_do()
    {
        VssHost host = Negotiated();
        foreach ((Func<Task<IcStatus>> ask, byte operation) in ((Func<Task<IcStatus>>, byte)[])[(host.CheckHotBackupAsync, 2), (host.FreezeAsync, 5), (host.ThawAsync, 6)])
        {
            Task<IcStatus> asked = ask();
            byte[] request = Next(host);
            Assert.Equal((5, 12), (request[12], BitConverter.ToUInt16(request, 18)));   // IcMessageType.Vss, the body's length
            Assert.Equal([operation, .. new byte[11]], request[28..40]);
            Assert.False(asked.IsCompleted);
            Answer(host, request, IcStatus.Success);
            Assert.Equal(IcStatus.Success, await asked);
        }
    }

    // What Linux answers while no daemon has greeted it: HV_E_FAIL.
    [Fact]
    public async Task A_guest_without_a_daemon_fails()
    {
        VssHost host = Negotiated();
        Task<IcStatus> asked = host.FreezeAsync(), next = host.ThawAsync();
        Answer(host, Next(host), IcStatus.Fail);
        Answer(host, Next(host), IcStatus.Fail);
        Assert.Equal((IcStatus.Fail, IcStatus.Fail), (await asked, await next));
    }

    [Fact]
    public async Task A_freeze_may_take_a_quarter_of_an_hour_and_the_rest_may_not()
    {
        VssHost host = Negotiated();
        Task<IcStatus> thaw = host.ThawAsync();
        Next(host);
        _clock.Advance(TimeSpan.FromSeconds(39));
        Assert.False(host.TryWriteRequest(_packet, out _));
        _clock.Advance(TimeSpan.FromSeconds(1));
        Assert.False(host.TryWriteRequest(_packet, out _));
        await Assert.ThrowsAsync<TimeoutException>(() => thaw);

        Task<IcStatus> freeze = host.FreezeAsync();
        byte[] request = Next(host);
        Assert.Equal(VssHost.DefaultFreezeTimeout, host.DueIn);
        _clock.Advance(TimeSpan.FromMinutes(15));
        Assert.False(host.TryWriteRequest(_packet, out _));
        Answer(host, request, IcStatus.Success);
        Assert.Equal(IcStatus.Success, await freeze);
    }

    [Fact]
    public async Task A_channel_that_goes_ends_what_was_asked()
    {
        VssHost host = Negotiated();
        Task<IcStatus> freeze = host.FreezeAsync();
        Next(host);
        host.Close(new PeerDisconnectedException("gone"));
        await Assert.ThrowsAsync<PeerDisconnectedException>(() => freeze);
        await Assert.ThrowsAsync<PeerDisconnectedException>(host.ThawAsync);
    }

    [Fact]
    public void A_freeze_has_some_time() =>
        Assert.Throws<ArgumentOutOfRangeException>(() => new VssHost(freezeTimeout: TimeSpan.Zero));

    private VssHost Negotiated()
    {
        VssHost host = new(_clock);
        byte[] offer = Next(host);
        byte[] answer = Conversation.Offer([new(3, 0)], [new(5, 0)]);
        answer[24] = offer[24];
        answer[25] = (byte)(IcMessageFlags.Transaction | IcMessageFlags.Response);
        Assert.True(host.Handle(answer));
        Assert.True(host.IsReady);
        return host;
    }

    private byte[] Next(VssHost host)
    {
        Assert.True(host.TryWriteRequest(_packet, out int length));
        return _packet[..length];
    }

    // The kernel sends the message back, with a status and as a response.
    private static void Answer(VssHost host, byte[] request, IcStatus status)
    {
        byte[] answer = [.. request];
        BitConverter.TryWriteBytes(answer.AsSpan(20), (uint)status);
        answer[25] = (byte)(IcMessageFlags.Transaction | IcMessageFlags.Response);
        Assert.True(host.Handle(answer));
    }
}
