using System.Collections.Concurrent;
using Microsoft.Extensions.Time.Testing;
using VmBus.Hosting;
using VmBus.InMemory;
using VmBus.Protocol;

namespace VmBus.Testing;

/// <summary>
/// An in-memory machine whose time passes only when the test advances it: monitor latencies, timeouts and the adaptive policy are
/// exact. Thread-safe.
/// </summary>
/// <remarks>
/// <para>Devices and guests still run on the thread pool. A test waits for their effects with <see cref="UntilAsync"/>, which
/// stops the clock, or <see cref="AdvanceUntilAsync"/>, which advances it.</para>
/// <para>A device that is awake finds a packet in its ring without a signal. So before a test sends a packet to measure when it
/// arrives, it must wait until the device sleeps: <c>await machine.UntilAsync(() => machine.IsIdle)</c>.</para>
/// </remarks>
public sealed class SteppedMachine : IAsyncDisposable
{
    private static readonly HostOffer DefaultOffer = new(new Guid("5b1d6b5e-5a0f-4f0b-8a3e-0f1d2c3b4a5d"), new Guid("5b1d6b5e-5a0f-4f0b-8a3e-0f1d2c3b4a5e"))
    {
        MonitorLatency = TimeSpan.FromMicroseconds(100),
    };

    private readonly ConcurrentBag<WatchedDevice> _devices = [];

    /// <summary>Creates a machine whose guest is not connected.</summary>
    /// <param name="options">The options, except the clock; <see langword="null"/> for the defaults.</param>
    public SteppedMachine(InMemoryMachineOptions? options = null) => Machine = new InMemoryMachine((options ?? new()) with { Clock = Clock });

    /// <summary>The clock.</summary>
    public FakeTimeProvider Clock { get; } = new();

    /// <summary>The machine.</summary>
    public InMemoryMachine Machine { get; }

    /// <summary>How long a wait for a condition can take, by the system's clock, before it fails the test.</summary>
    public TimeSpan Patience { get; init; } = TimeSpan.FromSeconds(30);

    /// <summary>
    /// Whether every device opened by <see cref="OpenAsync"/> has read everything that its guest sent, and waits for a signal of
    /// more data. A service that has ended counts as idle; one that has not begun, or waits for anything else, does not.
    /// </summary>
    public bool IsIdle => _devices.All(device => device.IsIdle);

    /// <summary>Offers a device on the machine's host, and opens it as the guest.</summary>
    /// <param name="device">The device.</param>
    /// <param name="offer">Its offer; <see langword="null"/> for a test class with a monitor of 100 µs.</param>
    /// <param name="cancellationToken">Cancels the open.</param>
    /// <returns>The guest's end.</returns>
    public async Task<VmBusChannel> OpenAsync(IChannelDevice device, HostOffer? offer = null, CancellationToken cancellationToken = default)
    {
        ArgumentNullException.ThrowIfNull(device);
        var watched = new WatchedDevice(device);
        await Machine.Host.OfferAsync(offer ?? DefaultOffer, watched).ConfigureAwait(false);
        _devices.Add(watched);
        return await Machine.OpenAsync(offer ?? DefaultOffer, cancellationToken: cancellationToken).ConfigureAwait(false);
    }

    /// <summary>Waits for a condition while the clock is stopped.</summary>
    /// <param name="condition">Polled by one thread.</param>
    /// <param name="cancellationToken">Cancels the wait.</param>
    /// <exception cref="TimeoutException">It did not become true within <see cref="Patience"/>.</exception>
    public Task UntilAsync(Func<bool> condition, CancellationToken cancellationToken = default) => AdvanceUntilAsync(condition, TimeSpan.Zero, cancellationToken);

    /// <summary>Advances the clock, step by step, until a condition is true.</summary>
    /// <param name="condition">Checked before each step, by one thread.</param>
    /// <param name="step">The length of a step, by the machine's clock.</param>
    /// <param name="cancellationToken">Cancels the wait.</param>
    /// <returns>
    /// How much time passed. On a busy machine this is more than needed, because the clock advances before the device's thread
    /// has run. For an upper bound, advance <see cref="Clock"/> by it and use <see cref="UntilAsync"/>.
    /// </returns>
    /// <exception cref="TimeoutException">It did not become true within <see cref="Patience"/>.</exception>
    public async Task<TimeSpan> AdvanceUntilAsync(Func<bool> condition, TimeSpan step, CancellationToken cancellationToken = default)
    {
        ArgumentNullException.ThrowIfNull(condition);
        ArgumentOutOfRangeException.ThrowIfLessThan(step, TimeSpan.Zero);
        DateTimeOffset start = Clock.GetUtcNow();
        long began = TimeProvider.System.GetTimestamp();
        while (!condition())
        {
            if (TimeProvider.System.GetElapsedTime(began) > Patience)
                throw new TimeoutException($"The condition was not true after {Patience.TotalSeconds:0.#} s; the machine's clock went on by {Clock.GetUtcNow() - start}.");
            Clock.Advance(step);
            // What the step woke runs on other threads.
            await Task.Delay(1, cancellationToken).ConfigureAwait(false);
        }
        return Clock.GetUtcNow() - start;
    }

    /// <summary>
    /// Ends the machine. Its devices have <see cref="Patience"/> to end; then the clock advances, and a device that has not
    /// ended loses its channel after <see cref="HostBusOptions.DeviceCloseTimeout"/>.
    /// </summary>
    public async ValueTask DisposeAsync()
    {
        Task disposed = Machine.DisposeAsync().AsTask();
        await disposed.WaitAsync(Patience).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
        while (!disposed.IsCompleted)
        {
            Clock.Advance(TimeSpan.FromSeconds(1));
            await Task.Delay(1).ConfigureAwait(false);
        }
        await disposed.ConfigureAwait(false);
    }

    /// <summary>A device, and whether its service is idle.</summary>
    private sealed class WatchedDevice(IChannelDevice device) : IChannelDevice
    {
        private VmBusChannel? _channel;
        private bool _hasEnded;

        public bool IsIdle => Volatile.Read(ref _hasEnded) || Volatile.Read(ref _channel) is { IsIdle: true };

        public ValueTask<bool> AcceptsAsync(HostOpenRequest request, CancellationToken cancellationToken) => device.AcceptsAsync(request, cancellationToken);

        public async Task ServeAsync(DeviceContext context, CancellationToken closing)
        {
            Volatile.Write(ref _channel, context.Channel);
            Volatile.Write(ref _hasEnded, false);
            try
            {
                await device.ServeAsync(context, closing).ConfigureAwait(false);
            }
            finally
            {
                Volatile.Write(ref _hasEnded, true);
            }
        }
    }
}
