// A SCSI controller with disks, as Hyper-V offers one. What StorageDevice and ScsiController are to OpenVMM (storvsp); a guest's
// end is its driver storvsc (Linux drivers/scsi/storvsc_drv.c).

using VmBus.Hosting;
using VmBus.Layout;
using VmBus.Protocol;

namespace VmBus.Devices;

/// <summary>
/// A SCSI controller: up to 64 disks, each at a LUN, that a stock guest's storage driver finds. Offer it once; thread-safe.
/// </summary>
/// <remarks>
/// <para>Requests of the guest are carried out beside each other and end in any order. Reads and writes that the page cache serves
/// are carried out where they are read; flushes, and all requests while storage is slow, by threads of the pool.</para>
/// <para>When its bus is saved, what it has taken of the guest's requests is carried out, and <see cref="SaveState"/> holds the
/// answers that the guest could not be given: <see cref="RestoreAsync"/> goes on from there.</para>
/// <para>A flush, or a write with forced unit access, is completed when <see cref="IBlockDevice.FlushAsync"/> has ended.</para>
/// </remarks>
public sealed partial class ScsiController : IChannelDevice
{
    /// <summary>The class it is offered as: <see cref="DeviceClass.Scsi"/>.</summary>
    public static readonly Guid InterfaceType = DeviceClass.Scsi.Id;

    /// <summary>The instance it is offered as, where it is the only one.</summary>
    public static readonly Guid InterfaceInstance = new("d15c0000-5c51-4b1e-9c06-5d2f6a8b9e00");

    private static readonly TimeSpan QuietTime = TimeSpan.FromSeconds(1);

    private readonly ScsiControllerOptions _options;
    private readonly Lock _sync = new();
    private readonly List<OfferedChannel> _subchannels = [];
    private readonly List<StorageChannel> _serving = [];
    private List<KeptAnswer> _kept = [];
    private HostOffer? _offer;

    /// <summary>Makes a controller without disks.</summary>
    /// <param name="options">How it behaves; <see langword="null"/> for the defaults.</param>
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
    /// <param name="instance">Which controller; <see langword="null"/> for <see cref="InterfaceInstance"/>.</param>
    public static HostOffer Offer(TimeSpan? monitorLatency = null, Guid? instance = null) =>
        new(InterfaceType, instance ?? InterfaceInstance) { Flags = OfferFlags.EnumerateDeviceInterface, MonitorLatency = monitorLatency };

    /// <summary>What it has done.</summary>
    public ScsiControllerStatistics Statistics => _counts.Snapshot();

    /// <summary>The clock of <see cref="UnplugAsync"/>.</summary>
    internal TimeProvider Clock { get; init; } = TimeProvider.System;

    internal StorageProtocol Protocol { get; }

    internal ScsiTarget Target { get; } = new();

    /// <summary>Attaches a disk at a LUN, and notifies a guest that has the controller open.</summary>
    /// <param name="lun">0 to 63.</param>
    /// <param name="device">Where its blocks are. It stays the caller's.</param>
    /// <param name="id">
    /// What tells it apart from all other disks of the guest, the same each time; <see langword="null"/> for one that is made of the
    /// LUN, where the guest has but one controller.
    /// </param>
    /// <exception cref="ArgumentException">There is a disk at the LUN, or the device has not whole blocks.</exception>
    public void Attach(int lun, IBlockDevice device, Guid? id = null)
    {
        ArgumentNullException.ThrowIfNull(device);
        ArgumentOutOfRangeException.ThrowIfNegative(lun);
        ArgumentOutOfRangeException.ThrowIfGreaterThanOrEqual(lun, ScsiTarget.MaxLuns);
        if (!Target.TryAttach(lun, new ScsiDisk(device, id ?? new Guid(0xd15c1, (short)lun, 0, 1, 2, 3, 4, 5, 6, 7, (byte)lun))))
            throw new ArgumentException($"There is a disk at LUN {lun} already.", nameof(lun));
        Enumerate();
    }

    /// <summary>Detaches a disk, and notifies a guest that has the controller open.</summary>
    /// <param name="lun">0 to 63.</param>
    /// <returns>
    /// Ends when the controller no longer uses the disk: its requests that were under way have ended. A call of the disk that waits
    /// for this waits for itself.
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
    /// Takes all disks away, and waits until the guest has stopped sending commands. Do this before
    /// <see cref="OfferedChannel.RevokeAsync"/> of a controller that a guest has open.
    /// </summary>
    /// <param name="cancellationToken">Ends the wait with <see cref="OperationCanceledException"/>; the disks stay away.</param>
    /// <returns>
    /// Completes when no disk is in use, and the guest has sent nothing for a second and is owed no answer, or has closed the channels.
    /// </returns>
    /// <remarks>
    /// What the guest has not flushed is lost: unmount first. A host that has taken its offer back answers nothing any more, and Linux's
    /// driver waits for its answers without a limit (<c>storvsc_wait_to_drain</c>).
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
