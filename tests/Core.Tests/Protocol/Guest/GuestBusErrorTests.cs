using VmBus.Guests;
using VmBus.Hosting;
using VmBus.Layout;
using VmBus.Protocol;
using Xunit;

namespace VmBus.Core.Tests.Protocol.Guest;

/// <summary>What users are told of requests and connections that failed, and what they set of the protocol.</summary>
public class GuestBusErrorTests
{
    [Theory]
    [InlineData(RequestOutcome.Completed, GuestBusError.Refused)]
    [InlineData(RequestOutcome.TimedOut, GuestBusError.TimedOut)]
    [InlineData(RequestOutcome.Rescinded, GuestBusError.Rescinded)]
    [InlineData(RequestOutcome.Disconnected, GuestBusError.Disconnected)]
    [InlineData(RequestOutcome.NotPosted, GuestBusError.NotPosted)]
    [InlineData(RequestOutcome.Cancelled, GuestBusError.Cancelled)]
    internal void A_request_that_failed_says_how(RequestOutcome outcome, GuestBusError error) =>
        Assert.Equal(error, new GuestBusException("No.", new RequestResult(outcome, ChannelMessageStatus.Unsuccessful)).Error);

    [Theory]
    [InlineData(ConnectFailure.NoCommonVersion, GuestBusError.NoCommonVersion)]
    [InlineData(ConnectFailure.LowResources, GuestBusError.NoResources)]
    [InlineData(ConnectFailure.Refused, GuestBusError.Refused)]
    [InlineData(ConnectFailure.Timeout, GuestBusError.TimedOut)]
    [InlineData(ConnectFailure.NotPosted, GuestBusError.NotPosted)]
    [InlineData(ConnectFailure.Cancelled, GuestBusError.Disconnected)]
    internal void A_connection_that_failed_says_why(ConnectFailure failure, GuestBusError error) =>
        Assert.Equal(error, new GuestBusException("No.", failure, null).Error);

    [Fact]
    public void Options_of_a_bus_are_those_of_its_protocol()
    {
        var client = Guid.NewGuid();
        var guest = new GuestBusOptions
        {
            Versions = [ProtocolVersion.Iron],
            Features = FeatureFlags.ClientId,
            MessageVp = 1,
            MessageSint = 3,
            MessageVtl = 2,
            TryRedirect = true,
            ClientId = client,
            ResponseTimeout = TimeSpan.FromSeconds(7),
            MaxOffers = 9,
            IsIsolated = true,
        };
        Assert.Equal([ProtocolVersion.Iron], guest.Protocol.Versions);
        Assert.Equal(
            new GuestProtocolOptions
            {
                Versions = guest.Versions,
                Features = FeatureFlags.ClientId,
                MessageVp = 1,
                MessageSint = 3,
                MessageVtl = 2,
                TryRedirect = true,
                ClientId = client,
                ResponseTimeout = TimeSpan.FromSeconds(7),
                MaxOffers = 9,
                IsIsolated = true,
            },
            guest.Protocol);
        var host = new HostBusOptions
        {
            MaxVersion = ProtocolVersion.Win81,
            Features = FeatureFlags.PauseResume,
            MaxChannels = 1,
            RelidBase = 2,
            MonitorIds = 3,
            OnlyServerMonitorPages = true,
            MaxGpadls = 4,
            MaxGpadlPages = 5,
            MaxWaitingAnswers = 6,
            MaxTransportConnects = 7,
            MessageConnectionId = 8,
            Sint = 9,
            Vtl = 1,
        };
        Assert.Equal(
            new HostProtocolOptions
            {
                MaxVersion = ProtocolVersion.Win81,
                Features = FeatureFlags.PauseResume,
                MaxChannels = 1,
                RelidBase = 2,
                MonitorIds = 3,
                OnlyServerMonitorPages = true,
                MaxGpadls = 4,
                MaxGpadlPages = 5,
                MaxWaitingAnswers = 6,
                MaxTransportConnects = 7,
                MessageConnectionId = 8,
                Sint = 9,
                Vtl = 1,
            },
            host.Protocol);
        Assert.Equal((9, 1), (host.Sint, host.Vtl));
    }
}
