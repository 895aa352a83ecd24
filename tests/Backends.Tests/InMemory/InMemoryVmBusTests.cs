using VmBus.Backends.InMemory;
using VmBus.Channels;
using VmBus.Signals;

namespace VmBus.Backends.Tests.InMemory;

public class InMemoryVmBusTests
{
    public static TheoryData<SignalMode, DispatchMode, bool> Setups()
    {
        var setups = new TheoryData<SignalMode, DispatchMode, bool>();
        foreach (SignalMode mode in Enum.GetValues<SignalMode>())
        {
            foreach (DispatchMode dispatch in Enum.GetValues<DispatchMode>())
            {
                setups.Add(mode, dispatch, false);
                setups.Add(mode, dispatch, true);
            }
        }
        return setups;
    }

    [Theory]
    [MemberData(nameof(Setups))]
    public void Every_packet_arrives_in_order_in_both_directions(SignalMode mode, DispatchMode dispatch, bool legacy)
    {
        using var bus = new InMemoryVmBus(new() { DispatchMode = dispatch, LegacyInterrupts = legacy });
        using InMemoryChannel memory = bus.CreateChannel(new() { GuestToHostSize = 4096, HostToGuestSize = 8192 });
        using Channel guest = ChannelTraffic.Open(memory.Guest, mode), host = ChannelTraffic.Open(memory.Host, mode);
        const int Packets = 20_000;

        Background toHost = Background.Run(() => ChannelTraffic.Send(guest, 0, Packets));
        Background toGuest = Background.Run(() => ChannelTraffic.Send(host, 7, Packets));
        Background atHost = Background.Run(() => ChannelTraffic.Receive(host, 0, Packets));
        Background atGuest = Background.Run(() => ChannelTraffic.Receive(guest, 7, Packets));

        toHost.Join();
        toGuest.Join();
        atHost.Join();
        atGuest.Join();
    }
}
