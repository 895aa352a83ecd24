// A SCSI controller with disks, as Hyper-V offers one. What StorageDevice and ScsiController are to OpenVMM (storvsp); a guest's
// end is its driver storvsc (Linux drivers/scsi/storvsc_drv.c).

using VmBus.Hosting;
using VmBus.Layout;
using VmBus.Protocol;

namespace VmBus.Devices;

/// <summary>
/// A SCSI controller with up to 64 disks, each at a LUN, for the storage driver of a stock guest. Offer it once. Thread-safe.
/// </summary>
/// <remarks>
/// <para>Requests of the guest run concurrently and end in any order. Reads and writes that the page cache serves
/// run on the thread that reads the ring; flushes, and all requests while storage is slow, run on pool threads.</para>
/// <para>When its bus is saved, the requests already read are completed, and <see cref="SaveState"/> holds the
/// answers that could not be delivered to the guest: <see cref="RestoreAsync"/> continues from there.</para>
/// <para>A flush, or a write with forced unit access, is completed when <see cref="IBlockDevice.FlushAsync"/> has ended.</para>
/// </remarks>
public sealed partial class ScsiController : IChannelDevice
{
    /// <summary>The class of the controller: <see cref="DeviceClass.Scsi"/>.</summary>
    public static readonly Guid InterfaceType = DeviceClass.Scsi.Id;

    /// <summary>The default instance.</summary>
    public static readonly Guid InterfaceInstance = new("d15c0000-5c51-4b1e-9c06-5d2f6a8b9e00");

    private static readonly TimeSpan QuietTime = TimeSpan.FromSeconds(1);

    private readonly ScsiControllerOptions _options;
    private readonly Lock _sync = new();
    private readonly List<OfferedChannel> _subchannels = [];
    private readonly List<StorageChannel> _serving = [];
    private List<KeptAnswer> _kept = [];
    private HostOffer? _offer;

    /// <summary>Creates a controller without disks.</summary>
    /// <param name="options">The options; <see langword="null"/> for the defaults.</param>
    /// <exception cref="ArgumentOutOfRangeException">An option is out of its range.</exception>
    public ScsiController(ScsiControllerOptions? options = null)
    {
        _options = options ?? new ScsiControllerOptions();
        ArgumentOutOfRangeException.ThrowIfLessThan(_options.QueueDepth, 1, nameof(options));
        ArgumentOutOfRangeException.ThrowIfGreaterThan(_options.QueueDepth, 1024, nameof(options));
        ArgumentOutOfRangeException.ThrowIfNegative(_options.MaxSubchannels, nameof(options));
        ArgumentOutOfRangeException.ThrowIfGreaterThan(_options.MaxSubchannels, 256, nameof(options));
        Protocol = new StorageProtocol(_options.OfferSubchannel is null ? (ushort)0 : (ushort)_options.MaxSubchannels);
    }

    /// <summary>The offer of a controller.</summary>
    /// <param name="monitorLatency">The latency of its monitor; <see langword="null"/> for none.</param>
    /// <param name="instance">The instance; <see langword="null"/> for <see cref="InterfaceInstance"/>.</param>
    public static HostOffer Offer(TimeSpan? monitorLatency = null, Guid? instance = null) =>
        new(InterfaceType, instance ?? InterfaceInstance) { Flags = OfferFlags.EnumerateDeviceInterface, MonitorLatency = monitorLatency };

    /// <summary>The counters.</summary>
    public ScsiControllerStatistics Statistics => _counts.Snapshot();

    /// <summary>The clock of <see cref="UnplugAsync"/>.</summary>
    internal TimeProvider Clock { get; init; } = TimeProvider.System;

    internal StorageProtocol Protocol { get; }

    internal ScsiTarget Target { get; } = new();

    /// <summary>Attaches a disk at a LUN, and notifies a guest that has the controller open.</summary>
    /// <param name="lun">0 to 63.</param>
    /// <param name="device">The storage of its blocks. The caller owns it.</param>
    /// <param name="id">
    /// A stable id that is unique among all disks of the guest; <see langword="null"/> for an id derived from the
    /// LUN, if the guest has only one controller.
    /// </param>
    /// <exception cref="ArgumentException">
    /// There is a disk at the LUN, or the device's size is not a multiple of a block.
    /// </exception>
    public void Attach(int lun, IBlockDevice device, Guid? id = null)
    {
        ArgumentNullException.ThrowIfNull(device);
        ArgumentOutOfRangeException.ThrowIfNegative(lun);
        ArgumentOutOfRangeException.ThrowIfGreaterThanOrEqual(lun, ScsiTarget.MaxLuns);
        if (!Target.TryAttach(lun, new ScsiDisk(device, id ?? new Guid(0xd15c1, (short)lun, 0, 1, 2, 3, 4, 5, 6, 7, (byte)lun))))
            throw new ArgumentException($"There is already a disk at LUN {lun}.", nameof(lun));
        Enumerate();
    }

    /// <summary>Detaches a disk, and notifies a guest that has the controller open.</summary>
    /// <param name="lun">0 to 63.</param>
    /// <returns>
    /// Completes when the controller no longer uses the disk: its pending requests have ended. A call of the disk that waits
    /// for this deadlocks.
    /// </returns>
    /// <exception cref="ArgumentException">There is no disk at the LUN.</exception>
    public Task DetachAsync(int lun)
    {
        ArgumentOutOfRangeException.ThrowIfNegative(lun);
        ArgumentOutOfRangeException.ThrowIfGreaterThanOrEqual(lun, ScsiTarget.MaxLuns);
        Task ending = Target.Detach(lun) ?? throw new ArgumentException($"There is no disk at LUN {lun}.", nameof(lun));
        Enumerate();
        return ending;
    }

    /// <summary>
    /// Detaches all disks, and waits until the guest has stopped sending commands. Do this before
    /// <see cref="OfferedChannel.RevokeAsync"/> of a controller that a guest has open.
    /// </summary>
    /// <param name="cancellationToken">
    /// Cancels the wait with <see cref="OperationCanceledException"/>; the disks stay detached.
    /// </param>
    /// <returns>
    /// Completes when no disk is in use and the guest has either sent nothing for a second, with no answer pending, or closed
    /// the channels.
    /// </returns>
    /// <remarks>
    /// Data that the guest has not flushed is lost: unmount first. A host that has revoked its offer no longer answers, and
    /// Linux's driver waits for its answers without a limit (<c>storvsc_wait_to_drain</c>).
    /// </remarks>
    public async Task UnplugAsync(CancellationToken cancellationToken = default)
    {
        Task ending = Task.WhenAll(Enumerable.Range(0, ScsiTarget.MaxLuns).Select(lun => Target.Detach(lun)).OfType<Task>().ToArray());
        Enumerate();
        await ending.WaitAsync(cancellationToken).ConfigureAwait(false);
        await QuietGuest.WaitAsync(Traffic, QuietTime, Clock, cancellationToken).ConfigureAwait(false);
    }

    /// <inheritdoc/>
    public async ValueTask<bool> AcceptsAsync(HostOpenRequest request, CancellationToken cancellationToken)
    {
        // The guest begins again, and asks for subchannels again: those of before go first.
        await RevokeSubchannelsAsync().WaitAsync(cancellationToken).ConfigureAwait(false);
        return true;
    }

    /// <inheritdoc/>
    public async Task ServeAsync(DeviceContext context, CancellationToken closing)
    {
        ArgumentNullException.ThrowIfNull(context);
        if (context.Offer.SubchannelIndex == 0)
        {
            _offer = context.Offer;
            if (!context.IsRestored)
                Protocol.Reset();
        }
        using var channel = new StorageChannel(this, context, _options.QueueDepth);
        List<KeptAnswer> kept;
        lock (_sync)
        {
            // One that did not end in time has lost its channel, and may still be there.
            foreach (StorageChannel before in _serving.Where(before => before.Index == channel.Index))
                before.IsReplaced = true;
            kept = [.. _kept.Where(answer => answer.ChannelIndex == channel.Index)];
            _kept = [.. _kept.Where(answer => answer.ChannelIndex != channel.Index)];
            _serving.Add(channel);
        }
        try
        {
            IReadOnlyList<KeptAnswer> untold = await channel.ServeAsync(context.IsRestored ? kept : [], closing).ConfigureAwait(false);
            lock (_sync)
            {
                // What a guest has closed, or lost, it asks for no more.
                if (!channel.IsReplaced && context.IsSaved)
                    _kept.AddRange(untold);
            }
        }
        finally
        {
            lock (_sync)
                _serving.Remove(channel);
        }
        if (channel.Index == 0 && !context.IsSaved && !channel.IsReplaced)
        {
            // The guest has closed the controller. It may wait for the end of its subchannels, as Linux does before it hibernates.
            await RevokeSubchannelsAsync().ConfigureAwait(false);
            Protocol.Reset();
        }
    }

    private GuestTraffic? Traffic()
    {
        StorageChannel[] serving;
        lock (_sync)
            serving = [.. _serving.Where(channel => !channel.IsReplaced)];
        return serving.Length == 0 ? null : serving.Select(channel => channel.Traffic)
            .Aggregate((one, other) => new GuestTraffic(one.Batches + other.Batches, one.IsOwing || other.IsOwing));
    }

    private void Enumerate()
    {
        StorageChannel? primary;
        lock (_sync)
            primary = _serving.Find(channel => channel is { Index: 0, IsReplaced: false });
        primary?.Enumerate();
    }
}
