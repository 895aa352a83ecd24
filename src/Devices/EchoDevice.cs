// A device that sends back what it is sent: for tests, for measuring a channel from its other end. Mirrors nothing.

using VmBus.Hosting;
using VmBus.Layout;

namespace VmBus.Devices;

/// <summary>Sends every packet back: its payload, its transaction id, as a completion where one is asked for. Thread-safe.</summary>
internal sealed class EchoDevice : IChannelDevice
{
    /// <summary>The class the device is offered as.</summary>
    public static readonly Guid InterfaceType = new("e0f1c2d3-7a54-4b1e-9c06-5d2f6a8b9e01");

    /// <summary>The instance the device is offered as.</summary>
    public static readonly Guid InterfaceInstance = new("e0f1c2d3-7a54-4b1e-9c06-5d2f6a8b9e02");

    private const int MostPayload = 1 << 20;
    private long _packets;
    private long _wakeups;
    private TaskCompletionSource? _stalled;

    /// <summary>How many packets were taken to be sent back, on every channel: never fewer than the guests got.</summary>
    public long Packets => Volatile.Read(ref _packets);

    /// <summary>How often there was something to read after there had been nothing.</summary>
    public long Wakeups => Volatile.Read(ref _wakeups);

    /// <summary>Whether it leaves its channels alone: nothing is read, nothing sent back, as from a device that hangs.</summary>
    public bool IsStalled => Volatile.Read(ref _stalled) is not null;

    /// <summary>Stalls, or goes on.</summary>
    /// <param name="isStalled">Which.</param>
    public void Stall(bool isStalled)
    {
        TaskCompletionSource? before = Interlocked.Exchange(ref _stalled, isStalled ? new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously) : null);
        before?.TrySetResult();
    }

    /// <summary>The offer of an echo.</summary>
    /// <param name="monitorLatency">The latency of its monitor; <see langword="null"/> for none.</param>
    /// <param name="instance">Which echo; <see langword="null"/> for <see cref="InterfaceInstance"/>.</param>
    public static HostOffer Offer(TimeSpan? monitorLatency = null, Guid? instance = null) =>
        new(InterfaceType, instance ?? InterfaceInstance) { Flags = OfferFlags.EnumerateDeviceInterface, MonitorLatency = monitorLatency };

    /// <inheritdoc/>
    public async Task ServeAsync(DeviceContext context, CancellationToken closing)
    {
        ArgumentNullException.ThrowIfNull(context);
        VmBusChannel channel = context.Channel;
        var payload = new byte[4096];
        try
        {
            while (await channel.WaitToReadAsync(closing).ConfigureAwait(false))
            {
                Interlocked.Increment(ref _wakeups);
                while (true)
                {
                    while (Volatile.Read(ref _stalled) is { } stalled)
                        await stalled.Task.WaitAsync(closing).ConfigureAwait(false);
                    if (!TryTake(channel, ref payload, out int length, out ulong id, out bool wantsCompletion))
                        break;

                    // Counted first: what the guest has got back is in the count.
                    Interlocked.Increment(ref _packets);
                    while (!TrySend(channel, payload.AsSpan(0, length), id, wantsCompletion))
                    {
                        if (!await channel.WaitToWriteAsync(length, closing).ConfigureAwait(false))
                            return;
                    }
                }
            }
        }
        catch (Exception end) when (end is OperationCanceledException or PeerDisconnectedException)
        {
            // How a service ends: the guest closes its channel.
        }
    }

    private static bool TryTake(VmBusChannel channel, ref byte[] payload, out int length, out ulong id, out bool wantsCompletion)
    {
        using ChannelReadBatch batch = channel.ReadBatch();
        if (!batch.TryNext(out RingPacket packet))
        {
            (length, id, wantsCompletion) = (0, 0, false);
            return false;
        }
        length = Math.Min(packet.Payload.Length, MostPayload);
        if (payload.Length < length)
            payload = new byte[length];
        packet.Payload[..length].CopyTo(payload);
        (id, wantsCompletion) = (packet.TransactionId, packet.WantsCompletion);
        batch.Commit();
        return true;
    }

    private static bool TrySend(VmBusChannel channel, ReadOnlySpan<byte> payload, ulong id, bool wantsCompletion) =>
        wantsCompletion ? channel.TrySend(OutgoingPacket.Completion(payload, id)) : channel.TrySend(payload, new SendOptions { TransactionId = id });
}
