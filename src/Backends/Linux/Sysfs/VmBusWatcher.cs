// Notices when devices and channels come, go and change. The kernel's uevents only say that something did: what it is is
// read from sysfs, so that a lost event or a wrong order changes nothing.

using System.Diagnostics;
using System.Runtime.Versioning;
using System.Text;
using VmBus.Interop;

namespace VmBus.Linux;

/// <summary>
/// Watches the bus with the kernel's uevents, if available, and always by polling. One thread can wait at a time.
/// </summary>
[SupportedOSPlatform("linux")]
public sealed class VmBusWatcher : IDisposable
{
    private readonly VmBusSysfs _sysfs;
    private readonly KernelEventSocket? _events;
    private readonly EventFd _wake = EventFd.Create();
    private readonly byte[] _buffer = new byte[8192];
    private Dictionary<string, SysfsDevice> _devices;

    /// <summary>Starts to watch: <see cref="Wait"/> returns changes from now on.</summary>
    /// <param name="sysfs">The sysfs to watch. Uevents work only for the kernel's own <c>/sys</c>.</param>
    /// <param name="interval">The polling interval; <see langword="null"/> for 10 s with uevents and 1 s without.</param>
    /// <exception cref="System.ComponentModel.Win32Exception">This process has no free descriptor.</exception>
    public VmBusWatcher(VmBusSysfs sysfs, TimeSpan? interval = null)
    {
        ArgumentNullException.ThrowIfNull(sysfs);
        if (interval is { } given)
            ArgumentOutOfRangeException.ThrowIfLessThanOrEqual(given, TimeSpan.Zero, nameof(interval));
        _sysfs = sysfs;
        _events = sysfs.Root == "/sys" ? TryOpenEvents() : null;
        Interval = interval ?? TimeSpan.FromSeconds(_events is null ? 1 : 10);

        // After the socket: what comes between the two is told by both.
        _devices = Look();
    }

    /// <summary>The polling interval.</summary>
    public TimeSpan Interval { get; }

    /// <summary>Whether the kernel reports changes; if not, they are found at the next poll.</summary>
    public bool HasEvents => _events is not null;

    /// <summary>The devices at the last poll.</summary>
    public IReadOnlyCollection<SysfsDevice> Devices => _devices.Values;

    /// <summary>Waits for changes. Polls at least once.</summary>
    /// <param name="timeout">The longest time to wait; <see cref="Timeout.InfiniteTimeSpan"/> for no limit.</param>
    /// <param name="cancellationToken">Ends the wait with <see cref="OperationCanceledException"/>.</param>
    /// <returns>The changes since the last call, by name; empty after a timeout.</returns>
    /// <exception cref="ObjectDisposedException">The watch has ended.</exception>
    public IReadOnlyList<VmBusChange> Wait(TimeSpan timeout, CancellationToken cancellationToken = default)
    {
        ObjectDisposedException.ThrowIf(_wake.IsClosed, this);
        long start = Stopwatch.GetTimestamp();
        using CancellationTokenRegistration registration = cancellationToken.UnsafeRegister(static wake => ((EventFd)wake!).Signal(), _wake);
        while (true)
        {
            cancellationToken.ThrowIfCancellationRequested();
            Dictionary<string, SysfsDevice> now = Look();
            List<VmBusChange> changes = Compare(_devices, now);
            _devices = now;
            TimeSpan left = timeout == Timeout.InfiniteTimeSpan ? Interval : timeout - Stopwatch.GetElapsedTime(start);
            if (changes.Count > 0 || left <= TimeSpan.Zero)
                return changes;
            Sleep(left < Interval ? left : Interval, cancellationToken);
        }
    }

    /// <summary>Ends the watch. No thread can be waiting.</summary>
    public void Dispose()
    {
        _events?.Dispose();
        _wake.Dispose();
    }

    internal static List<VmBusChange> Compare(Dictionary<string, SysfsDevice> before, Dictionary<string, SysfsDevice> after)
    {
        var changes = new List<VmBusChange>();
        foreach (string name in before.Keys.Union(after.Keys).Order(StringComparer.Ordinal))
        {
            SysfsDevice? old = before.GetValueOrDefault(name), young = after.GetValueOrDefault(name);
            if (old is null)
                changes.Add(new VmBusChange(null, young));
            else if (young is null)
                changes.Add(new VmBusChange(old, null));
            else if (Shape(old) != Shape(young) || !old.Channels.Select(Seat).SequenceEqual(young.Channels.Select(Seat)))
                changes.Add(new VmBusChange(old, young));
        }

        return changes;

        // Another instance, class or relid under the same name is another device, even if the first was not seen to go.
        static (Guid?, Guid?, uint?, string?, string?, string?) Shape(SysfsDevice device)
            => (device.InstanceId, device.ClassId, device.Relid, device.Driver, device.DriverOverride, device.UioName);
        static (uint, uint?) Seat(SysfsChannel channel) => (channel.Relid, channel.VpIndex);
    }

    private static KernelEventSocket? TryOpenEvents()
    {
        try
        {
            return KernelEventSocket.Open();
        }
        catch (ErrnoException)
        {
            return null;    // a sandbox without netlink: the interval does
        }
    }

    private Dictionary<string, SysfsDevice> Look()
        => _sysfs.IsPresent ? _sysfs.ListDevices().ToDictionary(device => device.Name, StringComparer.Ordinal) : [];

    // Until the bus is spoken of, the time is up or the wait is cancelled.
    private void Sleep(TimeSpan time, CancellationToken cancellationToken)
    {
        long start = Stopwatch.GetTimestamp();
        Span<PollFd> polled = [new PollFd(_wake.Descriptor, PollEvents.In), new PollFd(_events?.Descriptor ?? -1, PollEvents.In)];
        while (true)
        {
            TimeSpan left = time - Stopwatch.GetElapsedTime(start);
            if (Poll.Wait(polled, left > TimeSpan.Zero ? left : TimeSpan.Zero) == 0)
                return;
            if (polled[0].Returned != PollEvents.None)
                _wake.TryConsume(out _);
            if (cancellationToken.IsCancellationRequested || (polled[1].Returned != PollEvents.None && IsOfTheBus()))
                return;
        }
    }

    // Takes all events that wait: one look answers them all.
    private bool IsOfTheBus()
    {
        bool ours = false;
        while (_events!.TryReceive(_buffer, out int length))
            ours |= length == 0 || Encoding.ASCII.GetString(_buffer, 0, length).Contains("vmbus", StringComparison.OrdinalIgnoreCase);
        return ours;
    }
}
