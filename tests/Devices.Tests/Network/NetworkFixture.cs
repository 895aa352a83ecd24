using System.Net.NetworkInformation;
using VmBus.Guests;
using VmBus.InMemory;

namespace VmBus.Devices.Tests.Network;

/// <summary>A machine with an adapter, a guest that has it open, and the other end of its cable.</summary>
internal sealed class NetworkFixture : IAsyncDisposable
{
    public static readonly byte[] Address = [0x00, 0x15, 0x5D, 1, 2, 3];

    private NetworkFixture(InMemoryMachine machine, GuestBus bus, NetworkAdapter adapter, MemoryLink near, MemoryLink far)
    {
        (Machine, Bus, Adapter, Near, Far) = (machine, bus, adapter, near, far);
    }

    public InMemoryMachine Machine { get; }

    public GuestBus Bus { get; }

    public NetworkAdapter Adapter { get; }

    /// <summary>The adapter's end.</summary>
    public MemoryLink Near { get; }

    public MemoryLink Far { get; }

    public NetworkGuest Guest { get; set; } = null!;

    public static async Task<NetworkFixture> MakeAsync(int maxFrame = 1514, NetworkAdapterOptions? options = null, int room = 256, bool negotiates = true, uint version = Nvsp.Version61, int receivePages = NetworkGuest.ReceivePages, TimeProvider? clock = null)
    {
        var machine = new InMemoryMachine(new InMemoryMachineOptions { GuestMemorySize = 16 << 20 });
        try
        {
            (MemoryLink near, MemoryLink far) = MemoryLink.Pair(room);
            var adapter = new NetworkAdapter(near, new PhysicalAddress(Address), options) { Clock = clock ?? TimeProvider.System };
            await machine.Host.OfferAsync(NetworkAdapter.Offer(), adapter);
            GuestBus bus = await machine.ConnectAsync();
            await bus.RequestOffersAsync();
            return new NetworkFixture(machine, bus, adapter, near, far) { Guest = await NetworkGuest.OpenAsync(machine, bus, maxFrame, version, negotiates, receivePages) };
        }
        catch
        {
            await machine.DisposeAsync();
            throw;
        }
    }

    /// <summary>A frame to an address, and bytes that tell it from others.</summary>
    public static byte[] Frame(int length = 60, byte[]? to = null, int seed = 1)
    {
        var frame = new byte[length];
        new Random(seed).NextBytes(frame);
        (to ?? Address).CopyTo(frame, 0);
        frame[12] = 8;
        frame[13] = 0;
        return frame;
    }

    /// <summary>Waits for what another thread does while the channel is open.</summary>
    public async Task UntilAsync(Func<bool> condition)
    {
        using var limit = new CancellationTokenSource(Patience.Limit);
        while (!condition())
        {
            Assert.False(Guest.Channel.Completion.IsCompleted, "the channel has ended");
            await Task.Delay(1, limit.Token);
        }
    }

    public async ValueTask DisposeAsync()
    {
        await Guest.DisposeAsync();
        await Machine.DisposeAsync();
    }
}
