// Both ends of one channel in this process: what a benchmark or a test of packets needs and nothing else.

using VmBus.Guests;
using VmBus.Hosting;
using VmBus.InMemory;

namespace VmBus.Testing;

/// <summary>
/// Both ends of an open channel, on their own in-memory machine: for benchmarks and for tests that read and write packets
/// directly. Dispose it to close the channel and end the machine.
/// </summary>
public sealed class ChannelPair : IAsyncDisposable
{
    private static readonly HostOffer DefaultOffer = new(new Guid("5b1d6b5e-5a0f-4f0b-8a3e-0f1d2c3b4a61"), new Guid("5b1d6b5e-5a0f-4f0b-8a3e-0f1d2c3b4a62"))
    {
        MonitorLatency = TimeSpan.FromMicroseconds(100),
    };

    private ChannelPair(InMemoryMachine machine, VmBusChannel guest, VmBusChannel host)
    {
        Machine = machine;
        Guest = guest;
        Host = host;
    }

    /// <summary>The machine.</summary>
    public InMemoryMachine Machine { get; }

    /// <summary>The guest's end.</summary>
    public VmBusChannel Guest { get; }

    /// <summary>The host's end.</summary>
    public VmBusChannel Host { get; }

    /// <summary>Creates a machine, and opens a channel on it.</summary>
    /// <param name="channel">The guest's options: ring sizes, signal mode; <see langword="null"/> for the defaults.</param>
    /// <param name="offer">The host's offer; <see langword="null"/> for an unnamed class with a monitor of 100 µs.</param>
    /// <param name="machine">The options of the machine; <see langword="null"/> for the defaults.</param>
    /// <param name="cancellationToken">Cancels the open.</param>
    /// <returns>Both open ends.</returns>
    public static async Task<ChannelPair> OpenAsync(
        GuestChannelOptions? channel = null, HostOffer? offer = null, InMemoryMachineOptions? machine = null, CancellationToken cancellationToken = default)
    {
        var made = new InMemoryMachine(machine);
        try
        {
            var device = new HandOver();
            await made.Host.OfferAsync(offer ?? DefaultOffer, device).ConfigureAwait(false);
            VmBusChannel guest = await made.OpenAsync(offer ?? DefaultOffer, channel, cancellationToken).ConfigureAwait(false);
            VmBusChannel host = await device.Opened.WaitAsync(cancellationToken).ConfigureAwait(false);
            return new ChannelPair(made, guest, host);
        }
        catch
        {
            await made.DisposeAsync().ConfigureAwait(false);
            throw;
        }
    }

    /// <summary>Closes the channel and ends the machine.</summary>
    public async ValueTask DisposeAsync()
    {
        await Guest.DisposeAsync().ConfigureAwait(false);
        await Machine.DisposeAsync().ConfigureAwait(false);
    }

    /// <summary>A device that gives its channel away.</summary>
    private sealed class HandOver : IChannelDevice
    {
        private readonly TaskCompletionSource<VmBusChannel> _opened = new(TaskCreationOptions.RunContinuationsAsynchronously);

        public Task<VmBusChannel> Opened => _opened.Task;

        public async Task ServeAsync(DeviceContext context, CancellationToken closing)
        {
            _opened.TrySetResult(context.Channel);
            await Task.Delay(Timeout.Infinite, closing).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
        }
    }
}
