// Boots a guest and serves its bus until it ends.

using System.Runtime.Versioning;
using VmBus.Hosting;
using VmBus.Interop;
using VmBus.Kvm;
using VmBus.Protocol;

namespace VmBus.Tool;

/// <summary>One run of <c>vmbus host</c>.</summary>
[SupportedOSPlatform("linux")]
internal sealed class HostRun
{
    private readonly HostOptions _options;
    private readonly HostNotes _notes;
    private readonly byte[] _kernel;
    private readonly byte[] _initialDisk;

    /// <summary>Reads what is to be booted.</summary>
    /// <exception cref="ToolException">A file cannot be read.</exception>
    public HostRun(HostOptions options, HostNotes notes)
    {
        _options = options;
        _notes = notes;
        _kernel = Read("kernel", options.KernelFile);
        _initialDisk = options.InitialDiskFile is { } file ? Read("initial RAM disk", file) : [];
    }

    /// <summary>Runs the guest until it ends.</summary>
    /// <param name="console">Told what the guest writes to its console.</param>
    /// <param name="commands">What else the host does meanwhile; ends with the token.</param>
    /// <param name="cancellationToken">Ends the guest.</param>
    public async Task<GuestEnd> RunAsync(Action<byte>? console, Func<HostSession, CancellationToken, Task> commands, CancellationToken cancellationToken)
    {
        // Two or three descriptors for each open channel, and one more for a socket's other end.
        OpenFileLimit.Raise();
        using ConversationRecorder? recorder = _options.RecordFile is { } file ? ConversationFile.Record(file, maxLength: _options.RecordLimit) : null;
        // The first boot and the last are told; how often a guest resets in between is the guest's.
        for (bool isTold = true; ; isTold = _notes.IsTold("restarts"))
        {
            GuestEnd end = await RunOnceAsync(console, commands, recorder, isTold, cancellationToken).ConfigureAwait(false);
            bool isLast = end.Reason != GuestEndReason.Reset || !_options.Restarts || cancellationToken.IsCancellationRequested;
            if (isTold || isLast)
                _notes.Write($"the guest ended: {end.Reason}. {end.Detail}");
            if (isLast)
            {
                _notes.WriteLeftOut();
                return end;
            }
        }
    }

    private async Task<GuestEnd> RunOnceAsync(
        Action<byte>? console, Func<HostSession, CancellationToken, Task> commands, ConversationRecorder? recorder, bool isTold, CancellationToken cancellationToken)
    {
        using LinuxMachine machine = Make(console);
        GuestEnd end;
        await using (var session = new HostSession(machine, _notes, recorder))
        {
            foreach (DeviceOffer device in _options.Devices)
                await session.OfferAsync(device, isTold).ConfigureAwait(false);
            machine.Start();
            using CancellationTokenSource ending = CancellationTokenSource.CreateLinkedTokenSource(cancellationToken);
            Task commanding = commands(session, ending.Token);
            using (cancellationToken.UnsafeRegister(static machine => ((LinuxMachine)machine!).Partition.Stop(), machine))
                end = await machine.Ended.ConfigureAwait(false);
            if (machine.Partition.HasCrashed && isTold)
                _notes.Write("the guest reported a crash");
            await ending.CancelAsync().ConfigureAwait(false);
            await commanding.ConfigureAwait(false);
            if (isTold)
                await session.WriteStatusAsync().ConfigureAwait(false);
        }
        return end;
    }

    private LinuxMachine Make(Action<byte>? console)
    {
        try
        {
            return new LinuxMachine(new LinuxMachineOptions
            {
                Kernel = _kernel,
                InitialDisk = _initialDisk,
                CommandLine = _options.CommandLine,
                Partition = new KvmPartitionOptions { MemorySize = _options.MemorySize, VpCount = _options.VpCount },
                Console = console,
            });
        }
        catch (Exception error) when (error is InvalidDataException or PlatformNotSupportedException)
        {
            throw new ToolException(error.Message, error);
        }
    }

    private static byte[] Read(string what, string file)
    {
        try
        {
            if (Directory.Exists(file))
                throw new ToolException($"cannot read the {what} '{file}': it is a directory");
            return File.ReadAllBytes(file);
        }
        catch (Exception error) when (error is FileNotFoundException or DirectoryNotFoundException)
        {
            throw new ToolException($"cannot read the {what} '{file}': no such file or directory", error);
        }
        catch (UnauthorizedAccessException error)
        {
            throw new ToolException($"cannot read the {what} '{file}': permission denied", error);
        }
        catch (IOException error)
        {
            throw new ToolException($"cannot read the {what} '{file}': {error.Message}", error);
        }
    }
}
