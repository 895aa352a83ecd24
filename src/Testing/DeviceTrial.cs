// One machine of a law: the device under test, a witness beside it, and how long things may take.

using VmBus.Guests;
using VmBus.Hosting;
using VmBus.InMemory;
using VmBus.Protocol;

namespace VmBus.Testing;

/// <summary>A device under test on a machine of its own.</summary>
internal sealed class DeviceTrial : IAsyncDisposable
{
    private static readonly HostOffer WitnessOffer = new(new Guid("5b1d6b5e-5a0f-4f0b-8a3e-0f1d2c3b4a5b"), new Guid("5b1d6b5e-5a0f-4f0b-8a3e-0f1d2c3b4a5c"));

    private const int MostOfMessage = 200;

    private readonly DeviceSubject _subject;
    private readonly CancellationToken _stop;
    private readonly Random _random;
    private readonly IChannelDevice _device;
    private readonly InMemoryMachine _machine;
    private GuestBus _guest = null!;
    private VmBusChannel _witness = null!;
    private long _exchanged;
    private Exception? _failure;    // the first

    private DeviceTrial(DeviceSubject subject, CancellationToken stop)
    {
        _subject = subject;
        _stop = stop;
        _random = new Random(subject.Seed);
        _device = subject.Create();
        _machine = new InMemoryMachine(new() { Host = new() { DeviceCloseTimeout = subject.Patience / 2, DeviceAnswerTimeout = subject.Patience } });
        _machine.Host.DeviceFailed += (_, failed) =>
        {
            if (!TellsOfTheGuest(failed.Exception))
                Interlocked.CompareExchange(ref _failure, failed.Exception, null);
        };
    }

    public OfferedChannel Offered { get; private set; } = null!;

    public static async Task<DeviceTrial> BeginAsync(DeviceSubject subject, CancellationToken stop)
    {
        var trial = new DeviceTrial(subject, stop);
        try
        {
            await trial._machine.Host.OfferAsync(WitnessOffer, new Witness()).ConfigureAwait(false);
            trial.Offered = await trial._machine.Host.OfferAsync(subject.Offer, trial._device).ConfigureAwait(false);
            trial._guest = await trial._machine.ConnectAsync(cancellationToken: stop).ConfigureAwait(false);
            trial._witness = await trial.OpenAsync(WitnessOffer).ConfigureAwait(false);
            return trial;
        }
        catch
        {
            await trial.DisposeAsync().ConfigureAwait(false);
            throw;
        }
    }

    public Task<VmBusChannel> OpenAsync() => OpenAsync(_subject.Offer);

    /// <summary>Makes exchanges, one after the other.</summary>
    public async Task ExchangeAsync(VmBusChannel channel, int count)
    {
        for (int i = 0; i < count; i++)
        {
            await InTimeAsync(_subject.Exchange(channel, _random, _stop), $"exchange {i} of {count}").ConfigureAwait(false);
            ThrowIfFailed();
        }
    }

    /// <summary>Makes exchanges until the channel has ended. What the end does to the last of them is no fault.</summary>
    public async Task ExchangeUntilEndAsync(VmBusChannel channel)
    {
        await Task.Yield();
        while (channel.State == ChannelState.Open)
        {
            try
            {
                await _subject.Exchange(channel, _random, _stop).ConfigureAwait(false);
            }
            catch (Exception) when (channel.State != ChannelState.Open)
            {
                return;
            }
            Interlocked.Increment(ref _exchanged);
        }
    }

    /// <summary>Waits until exchanges are under way: at least one more has been made.</summary>
    public async Task WhileExchangingAsync()
    {
        long before = Interlocked.Read(ref _exchanged);
        await UntilAsync(() => Interlocked.Read(ref _exchanged) > before, "an exchange").ConfigureAwait(false);
    }

    /// <summary>Waits until the device has read, which it is to do as long as its answers are read.</summary>
    /// <returns><see langword="false"/> when it has stopped, and may.</returns>
    public async Task<bool> WaitForRoomAsync(VmBusChannel channel)
    {
        if (_subject.MayStopReading)
        {
            HostilePeer.Drain(channel);
            return false;
        }
        await UntilAsync(
            () =>
            {
                HostilePeer.Drain(channel);
                return channel.State != ChannelState.Open || channel.WaitToWrite(channel.Outgoing.MaxPayloadLength / 2, TimeSpan.Zero, _stop);
            },
            "a wait for room (the device reads no more)").ConfigureAwait(false);
        return true;
    }

    /// <summary>Waits until the device has read all, unless it may stop.</summary>
    public Task WaitUntilReadAsync(VmBusChannel channel) => _subject.MayStopReading ? Task.CompletedTask : UntilAsync(
        () =>
        {
            HostilePeer.Drain(channel);
            return channel.State != ChannelState.Open || channel.Outgoing.UsedBytes is 0 or null;
        },
        "the read of what was sent (the device reads no more)");

    public async Task CloseAsync(VmBusChannel channel)
    {
        await InTimeAsync(channel.CloseAsync(_stop), "the guest's close").ConfigureAwait(false);
        await UntilAsync(() => !Offered.IsOpen, "the channel behind the guest's close").ConfigureAwait(false);
        HostBusStatistics host = await _machine.Host.GetStatisticsAsync().ConfigureAwait(false);
        if (host.LostServices > 0)
            throw new TimeoutException($"The service goes on {_subject.Patience.TotalSeconds / 2:0.#} s after its token was cancelled: it lost its channel.");
        ThrowIfFailed();
    }

    public async Task CheckWitnessAsync()
    {
        using ReceivedPacket answer = await InTimeAsync(_witness.RequestAsync(new byte[8], cancellationToken: _stop).AsTask(), "an answer of the other device on this host").ConfigureAwait(false);
    }

    /// <summary>Ends the guest, and looks at what the host keeps of it.</summary>
    public async Task CheckNothingIsLeftAsync()
    {
        await CheckWitnessAsync().ConfigureAwait(false);
        await InTimeAsync(_guest.DisposeAsync().AsTask(), "the guest's unload").ConfigureAwait(false);
        HostBusStatistics left = await _machine.Host.GetStatisticsAsync().ConfigureAwait(false);
        if (left is not { OpenChannels: 0, Gpadls: 0, RingPages: 0, LostServices: 0, AbandonedCalls: 0 })
            throw new InvalidOperationException($"The guest has unloaded and the host keeps {left.OpenChannels} channels, {left.Gpadls} GPADLs, {left.RingPages} pages of rings, {left.LostServices} services and {left.AbandonedCalls} calls.");
        ThrowIfFailed();
    }

    public async Task InTimeAsync(Task task, string what)
    {
        try
        {
            await task.WaitAsync(_subject.Patience, _stop).ConfigureAwait(false);
        }
        catch (TimeoutException) when (!task.IsCompleted)
        {
            throw Late(what);
        }
    }

    public void ThrowIfFailed()
    {
        // The offer knows before the event is told, which comes from another thread.
        Exception? failure = Offered?.Failure is { } ended && !TellsOfTheGuest(ended) ? ended : Volatile.Read(ref _failure);
        if (failure is not null)
            throw new InvalidOperationException($"The device threw {failure.GetType().Name}: {Legible(failure.Message)}", failure);
    }

    public async ValueTask DisposeAsync()
    {
        await _machine.DisposeAsync().ConfigureAwait(false);
        if (_device is IAsyncDisposable asynchronous)
            await asynchronous.DisposeAsync().ConfigureAwait(false);
        else
            (_device as IDisposable)?.Dispose();
    }

    private async Task<T> InTimeAsync<T>(Task<T> task, string what)
    {
        await InTimeAsync((Task)task, what).ConfigureAwait(false);
        return await task.ConfigureAwait(false);
    }

    private async Task<VmBusChannel> OpenAsync(HostOffer offer)
    {
        GuestOffer offered = await InTimeAsync(_guest.WaitForOfferAsync(offer.InterfaceType, offer.InterfaceInstance, offer.SubchannelIndex, _stop), "the offer").ConfigureAwait(false);
        return (await InTimeAsync(_guest.OpenChannelAsync(offered, null, _stop), "the open").ConfigureAwait(false)).Channel;
    }

    private async Task UntilAsync(Func<bool> condition, string what)
    {
        long start = TimeProvider.System.GetTimestamp();
        while (!condition())
        {
            ThrowIfFailed();
            if (TimeProvider.System.GetElapsedTime(start) > _subject.Patience)
                throw Late(what);
            await Task.Delay(1, _stop).ConfigureAwait(false);
        }
    }

    private TimeoutException Late(string what) => new($"{what} has not ended after {_subject.Patience.TotalSeconds:0.#} s.");

    // A device's message may quote what a hostile guest sent.
    private static string Legible(string message) =>
        new([.. message.Take(MostOfMessage).Select(letter => char.IsControl(letter) ? '?' : letter), .. message.Length > MostOfMessage ? "..." : ""]);

    // That the guest broke a format: it ends the guest's channel, as it should.
    private static bool TellsOfTheGuest(Exception failure) => failure is VmBusException or InvalidDataException;

    // Completes what it is asked.
    private sealed class Witness : IChannelDevice
    {
        public async Task ServeAsync(DeviceContext context, CancellationToken closing)
        {
            await foreach (ReceivedPacket packet in context.Channel.ReadAllAsync(closing).ConfigureAwait(false))
                await context.Channel.SendCompletionAsync(packet.Payload, packet.TransactionId, cancellationToken: closing).ConfigureAwait(false);
        }
    }
}
