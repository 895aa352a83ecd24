// A VMBus device of this guest for a program of its own: found, taken from its driver, opened, and given back.

using System.Runtime.Versioning;
using VmBus.Layout;

namespace VmBus.Linux;

/// <summary>
/// A VMBus device of this Linux guest, open over <c>uio_hv_generic</c>. Disposing it closes its channels and returns it to
/// its previous driver.
/// </summary>
/// <remarks>
/// <para>One process at a time: an advisory lock excludes other processes that use the lock. A program that does not, such as
/// DPDK, is not detected, and both would corrupt the rings.</para>
/// <para>A process that is killed does not return the device: run <c>vmbus unbind --restore</c>.</para>
/// </remarks>
[SupportedOSPlatform("linux")]
public sealed class VmBusDevice : IAsyncDisposable, IDisposable
{
    private readonly VmBusSysfs _sysfs;
    private readonly UioDevice _uio;
    private readonly VmBusBinding? _binding;
    private readonly VmBusDeviceOptions _options;
    private readonly Lazy<Task> _closed;

    private VmBusDevice(VmBusSysfs sysfs, UioDevice uio, VmBusBinding? binding, VmBusDeviceOptions options)
    {
        _sysfs = sysfs;
        _uio = uio;
        _binding = binding;
        _options = options;
        // Closing talks to the host, and is the kernel's: a thread waits.
        _closed = new Lazy<Task>(() => Task.Run(CloseOnceAsync));
    }

    /// <summary>The open primary channel. The kernel determines the size of its rings.</summary>
    public VmBusChannel Channel => _uio.Primary.Channel;

    /// <summary>The primary channel with its numbers.</summary>
    internal UioChannel Primary => _uio.Primary;

    /// <summary>The instance of the device.</summary>
    public Guid InstanceId => _uio.InstanceId;

    /// <summary>The name of the UIO device: <c>uio0</c>.</summary>
    public string UioName => _uio.Name;

    /// <summary>
    /// Whether the device is known to be gone: rescinded by the host or unbound. A wait or a signal by hypercall detects it;
    /// from then on the memory is a private copy, because the kernel has released the rings.
    /// </summary>
    public bool IsGone => _uio.IsGone;

    /// <summary>The guest-to-host monitor page; <see langword="null"/> if the kernel has no such map.</summary>
    /// <remarks>
    /// The page is shared by the whole guest: a process that maps it can signal every channel, and change its latency.
    /// </remarks>
    public MonitorPageView? MonitorPage => _uio.MonitorPage;

    /// <summary>The interrupt page of the whole guest; <see langword="null"/> if the kernel has no such map.</summary>
    public InterruptPageView? InterruptPage => _uio.InterruptPage;

    /// <summary>
    /// The buffer the host writes packets of a network adapter into. Kernels such as 6.12 create one for every class;
    /// <see langword="null"/> if the kernel announces none.
    /// </summary>
    public UioBuffer? ReceiveBuffer => _uio.ReceiveBuffer;

    /// <summary>The buffer the host reads packets of a network adapter from; <see langword="null"/> as for <see cref="ReceiveBuffer"/>.</summary>
    public UioBuffer? SendBuffer => _uio.SendBuffer;

    /// <summary>Opens the only device of a class.</summary>
    /// <param name="deviceClass">The class.</param>
    /// <param name="options">The options; <see langword="null"/> for the defaults.</param>
    /// <param name="cancellationToken">Cancels the open between two kernel calls; completed steps are undone.</param>
    /// <returns>The device, with an open primary channel.</returns>
    /// <exception cref="LinuxGuestException">
    /// There is no device or more than one, it is not bound to <c>uio_hv_generic</c>, in use, not permitted, or its maps are
    /// invalid.
    /// </exception>
    /// <exception cref="RingCorruptException">The indices in its rings are invalid.</exception>
    public static Task<VmBusDevice> OpenAsync(DeviceClass deviceClass, VmBusDeviceOptions? options = null, CancellationToken cancellationToken = default)
    {
        ArgumentNullException.ThrowIfNull(deviceClass);
        return OpenAsync(sysfs => Only(sysfs, $"of class {deviceClass.Name} ({deviceClass.Id})", sysfs.FindDevices(deviceClass)), options, cancellationToken);
    }

    /// <summary>Opens a device by its instance.</summary>
    /// <param name="instanceId">The instance.</param>
    /// <param name="options">The options; <see langword="null"/> for the defaults.</param>
    /// <param name="cancellationToken">Cancels the open between two kernel calls; completed steps are undone.</param>
    /// <inheritdoc cref="OpenAsync(DeviceClass, VmBusDeviceOptions?, CancellationToken)" path="/*[self::returns or self::remarks or self::exception]"/>
    public static Task<VmBusDevice> OpenAsync(Guid instanceId, VmBusDeviceOptions? options = null, CancellationToken cancellationToken = default)
        => OpenAsync(sysfs => sysfs.GetDevice(instanceId), options, cancellationToken);

    /// <summary>Opens a device by a name.</summary>
    /// <param name="name">
    /// A network interface (<c>eth1</c>), an instance or class GUID, a relid (<c>vmbus:14</c>), or the name of a class
    /// (<c>fcopy</c>): see <see cref="VmBusSysfs.FindDevices(string)"/>.
    /// </param>
    /// <param name="options">The options; <see langword="null"/> for the defaults.</param>
    /// <param name="cancellationToken">Cancels the open between two kernel calls; completed steps are undone.</param>
    /// <inheritdoc cref="OpenAsync(DeviceClass, VmBusDeviceOptions?, CancellationToken)" path="/*[self::returns or self::remarks or self::exception]"/>
    public static Task<VmBusDevice> OpenAsync(string name, VmBusDeviceOptions? options = null, CancellationToken cancellationToken = default)
    {
        ArgumentException.ThrowIfNullOrEmpty(name);
        return OpenAsync(sysfs => Only(sysfs, $"\"{name}\"", sysfs.FindDevices(name)), options, cancellationToken);
    }

    /// <summary>
    /// Opens a subchannel. The host offers it after a request for subchannels in the device's own protocol; the kernel
    /// then opens it and shows its rings as <c>channels/&lt;relid&gt;/ring</c>.
    /// </summary>
    /// <param name="relid">Its relid: see <see cref="SysfsDevice.Channels"/>.</param>
    /// <returns>The channel. For the host it stays open as long as the device.</returns>
    /// <exception cref="LinuxGuestException">There is no such channel, or its rings are missing or invalid.</exception>
    /// <exception cref="InvalidOperationException">It is already open, or is the primary channel.</exception>
    /// <exception cref="RingCorruptException">The indices in its rings are invalid.</exception>
    /// <exception cref="PeerDisconnectedException">The device is gone.</exception>
    /// <exception cref="ObjectDisposedException">The device is closed.</exception>
    public VmBusChannel OpenSubchannel(uint relid) => _uio.AddSubchannel(relid).Channel;

    /// <summary>Interrupts and control writes that were counted. A snapshot.</summary>
    internal UioStatistics GetStatistics() => _uio.GetStatistics();

    /// <summary>Closes the device, and returns it to its previous driver.</summary>
    /// <param name="cancellationToken">Cancels the wait; the close continues.</param>
    /// <remarks>
    /// First the host gets <see cref="VmBusDeviceOptions.FlushTimeout"/> to read the data sent on <see cref="Channel"/>,
    /// because the kernel releases the rings at once, read or not. There is no wait for a channel that was already disposed.
    /// </remarks>
    /// <exception cref="LinuxGuestException">
    /// The kernel refused a step of the return to the driver; the other steps were done.
    /// </exception>
    public Task CloseAsync(CancellationToken cancellationToken = default) => _closed.Value.WaitAsync(cancellationToken);

    /// <summary>
    /// Closes the device, as <see cref="CloseAsync"/> does. Does not throw if the device cannot be returned to its driver.
    /// </summary>
    public async ValueTask DisposeAsync() => await CloseAsync(CancellationToken.None).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);

    /// <inheritdoc cref="DisposeAsync"/>
    public void Dispose() => DisposeAsync().AsTask().GetAwaiter().GetResult();

    private static async Task<VmBusDevice> OpenAsync(Func<VmBusSysfs, SysfsDevice> find, VmBusDeviceOptions? options, CancellationToken cancellationToken)
    {
        cancellationToken.ThrowIfCancellationRequested();
        options ??= new VmBusDeviceOptions();
        // Binding and opening talk to the host, and are the kernel's: a thread waits.
        return await Task.Run(() => Open(options.Sysfs ?? new VmBusSysfs(), find, options, cancellationToken), CancellationToken.None).ConfigureAwait(false);
    }

    private static VmBusDevice Open(VmBusSysfs sysfs, Func<VmBusSysfs, SysfsDevice> find, VmBusDeviceOptions options, CancellationToken cancellationToken)
    {
        SysfsDevice found = find(sysfs);
        Guid instance = found.InstanceId ?? throw new LinuxGuestException(LinuxGuestError.BadContents, $"{found.Path}/device_id contains no instance.");
        VmBusBinding? binding = null;
        UioDevice? uio = null;
        try
        {
            if (options.Bind && found.Driver != VmBusSysfs.UioDriver)
                binding = VmBusBinding.Bind(sysfs, instance, undoOnDispose: true);
            cancellationToken.ThrowIfCancellationRequested();
            uio = UioDevice.Open(sysfs, instance, options);
            cancellationToken.ThrowIfCancellationRequested();
            return new VmBusDevice(sysfs, uio, binding, options);
        }
        catch (Exception failure)
        {
            uio?.Dispose();
            if (GiveBack(sysfs, instance, binding) is { } also)
                throw new LinuxGuestException(also.Error, $"{failure.Message} The device could not be returned to its driver either: {also.Message}", failure);
            throw;
        }
    }

    private static SysfsDevice Only(VmBusSysfs sysfs, string wanted, IEnumerable<SysfsDevice> found)
    {
        SysfsDevice[] all = [.. found];
        return all.Length switch
        {
            1 => all[0],
            0 => throw sysfs.NoDevice(wanted),
            _ => throw new LinuxGuestException(LinuxGuestError.SeveralDevices, $"The bus has {all.Length} devices {wanted}: select one by its instance ({string.Join(", ", all.Select(device => device.InstanceId))})."),
        };
    }

    private static LinuxGuestException? GiveBack(VmBusSysfs sysfs, Guid instance, VmBusBinding? binding)
        // A device that the host took away cannot be given back, and need not be.
        => binding?.Undo() is { } refused && sysfs.FindDevice(instance) is not null ? refused : null;

    private async Task CloseOnceAsync()
    {
        try
        {
            await FlushAsync().ConfigureAwait(false);
        }
        finally
        {
            Close();
        }
    }

    private void Close()
    {
        _uio.Dispose();
        if (GiveBack(_sysfs, InstanceId, _binding) is { } refused)
            throw refused;
    }

    private async Task FlushAsync()
    {
        if (_options.FlushTimeout == TimeSpan.Zero)
            return;
        using var limit = new CancellationTokenSource(_options.FlushTimeout, _options.Clock ?? TimeProvider.System);
        try
        {
            await Channel.FlushAsync(limit.Token).ConfigureAwait(false);
        }
        // Nothing to wait for: the host has had its time, spoiled the ring, or the user has closed the channel.
        catch (Exception unread) when (unread is OperationCanceledException or RingCorruptException or ObjectDisposedException)
        {
        }
    }
}
