// vmbus host: boots a Linux guest under KVM and serves its VMBus.

using System.CommandLine;
using VmBus.Hosting;
using VmBus.Kvm;

namespace VmBus.Tool;

/// <summary>The <c>host</c> command.</summary>
internal sealed class HostCommand
{
    /// <summary>Examples for the help.</summary>
    public const string Examples = """
        Examples:
          vmbus host --kernel vmlinuz --initrd initrd.img --console --device heartbeat --device echo,monitor=100us
          vmbus host --kernel vmlinuz --initrd initrd.img --device kvp --device shutdown --commands -
          vmbus host --kernel vmlinuz --initrd initrd.img --device pipe=/run/user/1000/guest.sock
          vmbus host --kernel vmlinuz --initrd initrd.img --device disk=root.img --device disk=data.img,readonly
          passt --socket /tmp/net.sock; vmbus host --kernel vmlinuz --initrd initrd.img --device net=/tmp/net.sock
        """;

    private const long LeastMemory = 64L << 20;
    private const long MostMemory = GuestMemory.MostBytes;

    private readonly Terminal _terminal;
    private readonly Option<string> _kernel = new("--kernel") { Description = "The kernel: a bzImage.", HelpName = "FILE", Required = true };
    private readonly Option<string?> _initrd = new("--initrd") { Description = "The initial RAM disk.", HelpName = "FILE" };
    private readonly Option<string> _append = new("--append") { Description = "The kernel's command line.", HelpName = "TEXT", DefaultValueFactory = _ => "console=ttyS0" };
    private readonly Option<string> _memory = new("--memory") { Description = "The guest's memory: 64M to 256G. The host's is taken as the guest touches it.", HelpName = "SIZE", DefaultValueFactory = _ => "512M" };
    private readonly Option<int> _vps = new("--vps") { Description = "The number of virtual processors.", HelpName = "N", DefaultValueFactory = _ => 1 };
    private readonly Option<bool> _console = new("--console") { Description = "Show the guest's serial console." };
    private readonly Option<string[]> _devices = new("--device")
    {
        Description = "Offer a device: echo[=N], heartbeat, timesync, shutdown, kvp, vss, fcopy[=FILE to copy in], pipe=PATH of its socket, vsock=PATH of the socket to reach its AF_VSOCK sockets, disk=FILE[,readonly], net=PATH of a program such as passt or tap=NAME of an interface, each [,mac=ADDRESS][,mtu=N]; with a monitor: NAME,monitor=LATENCY.",
        HelpName = "NAME",
    };
    private readonly Option<string?> _commands = new("--commands") { Description = "Read commands to the host from a file or pipe, or - for standard input; 'help' lists them.", HelpName = "FILE" };
    private readonly Option<string?> _record = new("--record") { Description = "Record the conversation of guest and host into this file, for vmbus trace.", HelpName = "FILE" };
    private readonly Option<string> _recordLimit = new("--record-limit") { Description = "Maximum length of the recording: 1M to 1024G. It ends there, with a mark.", HelpName = "SIZE", DefaultValueFactory = _ => "1G" };
    private readonly Option<bool> _restart = new("--restart") { Description = "Boot the guest again when it resets." };

    /// <summary>Makes the command.</summary>
    public HostCommand(Terminal terminal)
    {
        _terminal = terminal;
        Command = new Command("host", "Boot a Linux guest under KVM and serve its VMBus. It needs a KVM that has Hyper-V's SynIC.")
        {
            _kernel, _initrd, _append, _memory, _vps, _console, _devices, _commands, _record, _recordLimit, _restart,
        };
        _devices.CompletionSources.Add([.. DeviceOffer.Names]);
        Command.SetAction(RunAsync);
    }

    /// <summary>The command with its options and action.</summary>
    public Command Command { get; }

    private async Task<int> RunAsync(ParseResult line, CancellationToken cancellationToken)
    {
        if (!OperatingSystem.IsLinux())
            throw new ToolException("KVM is Linux's");
        HostOptions options = new()
        {
            KernelFile = line.GetRequiredValue(_kernel),
            InitialDiskFile = line.GetValue(_initrd),
            CommandLine = line.GetValue(_append)!,
            MemorySize = Quantity.Memory("--memory", line.GetValue(_memory)!, LeastMemory, MostMemory),
            VpCount = line.GetValue(_vps),
            HasConsole = line.GetValue(_console),
            Devices = [.. (line.GetValue(_devices) ?? []).Select(DeviceOffer.Parse)],
            CommandFile = line.GetValue(_commands),
            RecordFile = line.GetValue(_record),
            RecordLimit = Quantity.Memory("--record-limit", line.GetValue(_recordLimit)!, 1L << 20, 1L << 40),
            Restarts = line.GetValue(_restart),
        };
        if (options.VpCount is < 1 or > KvmPartitionOptions.MostVps)
            throw new UsageException($"--vps {options.VpCount}: must be between 1 and {KvmPartitionOptions.MostVps}");
        using GuestConsole? console = options.HasConsole ? new GuestConsole() : null;
        var notes = new HostNotes(_terminal.Error, console: console);
        using TextReader? reader = options.CommandFile is { } file ? OpenCommands(file) : null;
        HostCommands? commands = reader is null ? null : new HostCommands(reader, notes);
        GuestEnd end = await new HostRun(options, notes).RunAsync(
            console is null ? null : console.Write, commands is null ? static (_, _) => Task.CompletedTask : commands.RunAsync, cancellationToken).ConfigureAwait(false);
        cancellationToken.ThrowIfCancellationRequested();
        return end.Reason is GuestEndReason.PoweredOff or GuestEndReason.Reset ? ExitCode.Success : ExitCode.Failed;
    }

    private static TextReader OpenCommands(string file)
    {
        try
        {
            return file == "-" ? Console.In : new StreamReader(new FileStream(file, FileMode.Open, FileAccess.Read, FileShare.ReadWrite, 1, useAsync: true));
        }
        catch (Exception error) when (error is IOException or UnauthorizedAccessException)
        {
            throw new ToolException($"cannot read commands from '{file}': {error.Message}", error);
        }
    }
}
