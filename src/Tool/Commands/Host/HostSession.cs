// A running guest and what its bus offers, by name.

using System.Collections.Concurrent;
using System.Runtime.Versioning;
using VmBus.Devices;
using VmBus.Hosting;
using VmBus.Integration;
using VmBus.Kvm;
using VmBus.Protocol;

namespace VmBus.Tool;

/// <summary>The bus of one guest. Its devices are found from any task; offers, revokes and looks come from one at a time.</summary>
[SupportedOSPlatform("linux")]
internal sealed class HostSession : IAsyncDisposable
{
    // Linux answers for a daemon that has not within 30 s; its hv_kvp_daemon starts several programs for the addresses of a card.
    private static readonly TimeSpan PairsTimeout = TimeSpan.FromSeconds(35);

    private static readonly TimeSpan UnplugTimeout = TimeSpan.FromSeconds(30);

    private readonly ConcurrentDictionary<string, (OfferedChannel Offered, IChannelDevice Device)> _offered = [];
    private readonly HostNotes _notes;
    private readonly HostBusOptions _options;
    private readonly HostBus _bus;
    private readonly ConversationRecorder? _recorder;
    private readonly CancellationTokenSource _ending = new();
    private readonly List<Task> _sending = [];
    private (string Title, VsockDoor Door)? _sockets;

    /// <summary>Makes the bus of a machine that has not started.</summary>
    /// <param name="machine">The machine.</param>
    /// <param name="notes">Where it tells what happens.</param>
    /// <param name="recorder">Records the conversation, if it is to be.</param>
    public HostSession(LinuxMachine machine, HostNotes notes, ConversationRecorder? recorder)
    {
        Machine = machine;
        _notes = notes;
        _recorder = recorder;
        // A pipe's slow client takes what the guest had written, piece by piece, after the guest's close.
        _options = new HostBusOptions { Observer = recorder, DeviceCloseTimeout = TimeSpan.FromMinutes(1) };
        _bus = machine.Partition.CreateHost(_options);
        _bus.DeviceFailed += (_, failed) => notes.WriteAbout(NameOf(failed.Channel), $"{NameOf(failed.Channel)} failed ({failed.Operation}): {failed.Exception.Message}");
    }

    /// <summary>The machine.</summary>
    public LinuxMachine Machine { get; }

    /// <summary>The device of a name.</summary>
    /// <exception cref="ToolException">It is not offered.</exception>
    public T Device<T>(string name) where T : IChannelDevice => _offered.TryGetValue(name, out var entry) && entry.Device is T device
        ? device : throw new ToolException($"{name} is not offered");

    /// <summary>Offers a device.</summary>
    /// <param name="choice">What is offered.</param>
    /// <param name="isTold">Whether it is a line.</param>
    /// <exception cref="ToolException">It cannot be offered; the message says why.</exception>
    public async Task OfferAsync(DeviceOffer choice, bool isTold = true)
    {
        if (choice is { Name: "fcopy", Argument: { } missing } && !File.Exists(missing))
            throw new ToolException($"there is no file '{missing}' to copy into the guest");
        if (choice.IsSockets)
        {
            OfferSockets(choice, isTold);
            return;
        }
        (HostOffer offer, IChannelDevice device) = choice.Name switch
        {
            "heartbeat" => (HeartbeatHost.Offer, (IChannelDevice)new IntegrationDevice<HeartbeatHost>(() => new HeartbeatHost())),
            "timesync" => (TimeSyncHost.Offer, new IntegrationDevice<TimeSyncHost>(() => new TimeSyncHost())),
            "shutdown" => (ShutdownHost.Offer, new IntegrationDevice<ShutdownHost>(() => new ShutdownHost())),
            "kvp" => (KvpHost.Offer, new IntegrationDevice<KvpHost>(() => new KvpHost(answerTimeout: PairsTimeout))),
            "vss" => (VssHost.Offer, new IntegrationDevice<VssHost>(() => new VssHost())),
            "fcopy" => (FileCopyHost.Offer, new IntegrationDevice<FileCopyHost>(() => new FileCopyHost())),
            "pipe" => (PipeDevice.Offer(instance: FreeInstance(PipeDevice.InterfaceInstance, "pipes")), new PipeRelay(choice.Argument!)),
            "disk" => (ScsiController.Offer(instance: FreeInstance(ScsiController.InterfaceInstance, "disks")), new HostDisk(choice.Argument!, choice.IsReadOnly, OfferSubchannelAsync)),
            "net" or "tap" => OfferOf(choice, FreeInstance(NetworkAdapter.InterfaceInstance, "network adapters")),
            _ => (EchoDevice.Offer(instance: choice.Argument is { } number ? EchoInstance(number) : null), new EchoDevice()),
        };
        offer = offer with { MonitorLatency = choice.MonitorLatency, SubchannelIndex = choice.Subchannel };
        OfferedChannel offered;
        try
        {
            offered = await _bus.OfferAsync(offer, new NotedDevice(choice.Title, device, Machine.Partition, _notes)).ConfigureAwait(false);
        }
        catch
        {
            await EndAsync(device).ConfigureAwait(false);
            throw;
        }
        _offered[choice.Title] = (offered, device);
        if (isTold)
            _notes.Write($"{choice.Title} is offered as {offer.InterfaceInstance}{(choice.Subchannel == 0 ? "" : $", subchannel {choice.Subchannel}")}");
        if (device is IntegrationDevice<FileCopyHost> files && choice.Argument is { } file)
            _sending.Add(SendAsync(files, file));
    }

    private (HostOffer, IChannelDevice) OfferOf(DeviceOffer choice, Guid instance) =>
        (NetworkAdapter.Offer(instance: instance), new HostNetwork(choice, instance, _notes));

    private void OfferSockets(DeviceOffer choice, bool isTold)
    {
        if (_sockets is { } there)
            throw new ToolException($"{there.Title} is already offered, and a guest has one set of sockets");
        _sockets = (choice.Title, new VsockDoor(_bus, choice.Argument!, _notes, new HvSocketOptions { MonitorLatency = choice.MonitorLatency }));
        if (isTold)
            _notes.Write($"{choice.Title} takes connections");
    }

    // As soon as the guest takes files: from its own commands that may be minutes.
    private async Task SendAsync(IntegrationDevice<FileCopyHost> device, string file)
    {
        try
        {
            _notes.WriteAbout("fcopy", $"fcopy {file}: {await FileToGuest.CopyAsync(device, file, Path.GetFileName(file), Timeout.InfiniteTimeSpan, _ending.Token).ConfigureAwait(false)}");
        }
        catch (OperationCanceledException) when (_ending.IsCancellationRequested)
        {
            _notes.WriteAbout("fcopy", $"fcopy {file}: nothing in the guest received it");
        }
        catch (Exception error) when (HostCommands.IsExpected(error))
        {
            _notes.WriteAbout("fcopy", $"fcopy {file}: failed: {error.Message}");
        }
    }

    /// <summary>Takes an offer back.</summary>
    /// <exception cref="ToolException">It is not offered.</exception>
    public async Task RevokeAsync(string name)
    {
        if (_sockets is { } sockets && sockets.Title == name)
        {
            _sockets = null;
            await sockets.Door.DisposeAsync().ConfigureAwait(false);
            _notes.Write($"{name} is revoked");
            return;
        }
        if (!_offered.TryRemove(name, out var entry))
            throw new ToolException($"{name} is not offered");
        if (entry.Device is IUnpluggable device && entry.Offered.IsOpen)
            await UnplugAsync(name, device).ConfigureAwait(false);
        await entry.Offered.RevokeAsync().ConfigureAwait(false);
        await EndAsync(entry.Device).ConfigureAwait(false);
        _notes.Write($"{name} is revoked");
    }

    private async Task UnplugAsync(string name, IUnpluggable device)
    {
        using var limit = CancellationTokenSource.CreateLinkedTokenSource(_ending.Token);
        limit.CancelAfter(UnplugTimeout);
        try
        {
            await device.UnplugAsync(limit.Token).ConfigureAwait(false);
        }
        catch (OperationCanceledException) when (limit.IsCancellationRequested)
        {
            _notes.WriteAbout(name, $"{name} is taken from a guest that still sends: its driver may wait for ever");
        }
    }

    /// <summary>Tells how the guest and its devices are.</summary>
    public async Task WriteStatusAsync()
    {
        HostBusStatistics statistics = await _bus.GetStatisticsAsync().ConfigureAwait(false);
        foreach (string line in BusStatus.Lines($"protocol {_bus.Negotiated.Version}, {_bus.State}", statistics, _options))
            _notes.Write(line);
        foreach (var processor in Machine.Partition.Processors)
            _notes.Write($"VP {processor.Index}: {processor.Exits} exits, {processor.Hypercalls} hypercalls, {Machine.Partition.RefusedHypercalls} refused");
        foreach ((string name, (OfferedChannel offered, IChannelDevice device)) in _offered)
            _notes.Write($"{name}: relid {offered.Relid?.ToString() ?? "-"}, {(offered.IsOpen ? "open" : "closed")}, monitor {offered.MonitorId?.ToString() ?? "-"}{Signals(offered)}{Describe(device)}{(offered.Failure is { } failure ? $"; failed: {failure.Message}" : "")}");
        if (_sockets is { } sockets)
            _notes.Write($"{sockets.Title}: {sockets.Door}");
        if (_recorder is { Lost: > 0 } ended)
            _notes.Write($"the recording ended at {Units.BinarySize(ended.Length)}, {(ended.Failure is { } why ? $"because {why.Message.TrimEnd('.')}" : "its limit")}; {ended.Lost} messages are not in it");
        _notes.WriteLeftOut();
    }

    /// <inheritdoc/>
    public async ValueTask DisposeAsync()
    {
        await _ending.CancelAsync().ConfigureAwait(false);
        await Task.WhenAll(_sending).ConfigureAwait(false);
        _ending.Dispose();
        if (_sockets is { } sockets)
            await sockets.Door.DisposeAsync().ConfigureAwait(false);
        await _bus.DisposeAsync().ConfigureAwait(false);
        foreach ((_, IChannelDevice device) in _offered.Values)
            await EndAsync(device).ConfigureAwait(false);
    }

    // What it had of the system is given back.
    private static async ValueTask EndAsync(IChannelDevice device)
    {
        if (device is IAsyncDisposable ending)
            await ending.DisposeAsync().ConfigureAwait(false);
        else
            (device as IDisposable)?.Dispose();
    }

    // Told from another thread than the commands', which know the names.
    private static string NameOf(OfferedChannel? channel) => channel is { } offered ? $"the device {offered.Offer.InterfaceInstance}" : "the bus";

    private string Signals(OfferedChannel offered) =>
        offered.ConnectionId is { } connection && Machine.Partition.GetSignals(connection) is { } signals
            ? $"; {signals} signals of the guest{(offered.MonitorId is null ? "" : $", {Machine.Partition.GetMonitoredSignals(connection)} of them by monitor")}; {offered.Wakeups ?? 0} wake-ups by them" : "";

    // Several echoes are told apart by the last byte of their instance.
    private static Guid EchoInstance(string number)
    {
        if (!byte.TryParse(number, System.Globalization.CultureInfo.InvariantCulture, out byte last))
            throw new UsageException($"--device echo={number}: an echo's number is 0 to 255");
        return Numbered(EchoDevice.InterfaceInstance, last);
    }

    // The first pipe is instance 0, the next one 1; one that is offered when another was taken back gets the lowest that is free.
    private Guid FreeInstance(Guid first, string what)
    {
        for (int number = 0; number <= byte.MaxValue; number++)
        {
            Guid instance = Numbered(first, (byte)number);
            if (_offered.Values.All(entry => entry.Offered.Offer.InterfaceInstance != instance))
                return instance;
        }
        throw new ToolException($"there are {byte.MaxValue + 1} {what} already");
    }

    // Asked for by the guest, and taken back with the device they belong to.
    private Task<OfferedChannel> OfferSubchannelAsync(HostOffer offer, IChannelDevice device) =>
        _bus.OfferAsync(offer, new NotedDevice($"subchannel {offer.SubchannelIndex} of {offer.InterfaceInstance}", device, Machine.Partition, _notes));

    private static Guid Numbered(Guid instance, byte number)
    {
        byte[] bytes = instance.ToByteArray();
        bytes[15] = number;
        return new Guid(bytes);
    }

    private static string Describe(IChannelDevice device) => device switch
    {
        EchoDevice echo => $"; {echo.Packets} packets sent back, {echo.Wakeups} wakeups",
        PipeRelay pipe => $"; {pipe.Counts}",
        HostDisk disk => $"; {disk}",
        HostNetwork network => $"; {network}",
        IntegrationDevice<HeartbeatHost> { Running: { IsCompletedSuccessfully: true } running } => running.Result.Use(host => $"; {host.Beats} beats, {host.Missed} missed, {host.GuestState}"),
        IntegrationDevice<TimeSyncHost> { Running: { IsCompletedSuccessfully: true } running } => running.Result.Use(host => $"; {host.Samples} samples"),
        _ => "",
    };
}
