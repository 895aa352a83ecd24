// The guest's file copy service as a process: finds the device, serves it, says what came. Does what Linux
// tools/hv/hv_fcopy_uio_daemon.c does.

using System.Runtime.Versioning;
using VmBus.Integration;
using VmBus.Layout;
using VmBus.Linux;

namespace VmBus.Tool;

/// <summary>Serves the file copy device of this guest.</summary>
internal sealed class FileCopyRun(Terminal terminal, FileCopyOptions options, VmBusSysfs sysfs, string proc)
{
    // How long the host may take to read the last answer, before its channel is closed.
    private static readonly TimeSpan LastAnswer = TimeSpan.FromSeconds(2);

    /// <summary>Serves until told to end, until the host takes the device away, or for one file.</summary>
    /// <exception cref="ToolException">There is no device, another process has it, or the host took it away.</exception>
    [SupportedOSPlatform("linux")]
    public int Run(CancellationToken cancellationToken)
    {
        SysfsDevice device = Find();
        using FileCopyFolder folder = FileCopyFolder.Open(options.Root, options.Mode);
        var deviceOptions = new VmBusDeviceOptions { Sysfs = sysfs, Bind = options.Bind, Trust = PeerTrust.Untrusted };
        using VmBusDevice opened = VmBusDevice.OpenAsync(device.InstanceId!.Value, deviceOptions, cancellationToken).GetAwaiter().GetResult();
        terminal.Error.WriteLine($"vmbus: {opened.UioName} takes the host's files below {folder.Root}");
        int code = Serve(opened.Channel, folder, cancellationToken);
        opened.CloseAsync(CancellationToken.None).GetAwaiter().GetResult();
        return code;
    }

    private static string HowToOffer => "Its VM must offer it: Enable-VMIntegrationService -Name 'Guest Service Interface' on the host";

    private SysfsDevice Find()
    {
        SysfsDevice device = sysfs.ListDevices().FirstOrDefault(one => one.ClassId == DeviceClass.FileCopy.Id && one.InstanceId is not null)
            ?? throw new ToolException($"this guest has no file copy device. {HowToOffer}");
        if (!options.Bind && device.UioName is null)
            throw new ToolException($"the file copy device {device.InstanceId} has {device.Driver ?? "no driver"}: give --bind, or run 'vmbus bind fcopy' first");
        if (Openers.Tell(sysfs, device, proc) is { } openers)
            throw new ToolException($"{openers}: only one can serve it");
        return device;
    }

    [SupportedOSPlatform("linux")]
    private int Serve(VmBusChannel channel, FileCopyFolder folder, CancellationToken cancellationToken)
    {
        using var end = CancellationTokenSource.CreateLinkedTokenSource(cancellationToken);
        FileCopyReport? last = null;
        var notes = new FileCopyNotes(terminal.Out, terminal.Error, options.Json);
        var guestOptions = new FileCopyGuestOptions { MaxSize = (ulong)options.MaxSize, IdleTimeout = options.IdleTimeout };
        var guest = new FileCopyGuest(folder, guestOptions, report =>
        {
            notes.Tell(report);
            last ??= report;
            if (options.Once)
                end.Cancel();
        });
        try
        {
            new IntegrationGuestService(channel, guest).Run(end.Token);
        }
        catch (OperationCanceledException) when (end.IsCancellationRequested)
        {
            if (cancellationToken.IsCancellationRequested || last is null)
                return ExitCode.Success;
            LetBeRead(channel, cancellationToken);
            return last.Outcome == FileCopyOutcome.Completed ? ExitCode.Success : ExitCode.Failed;
        }
        finally
        {
            notes.TellLeftOut();
        }

        throw new ToolException("the host took the file copy device away");
    }

    // Closing the device closes the channel, with what the host has not read yet.
    private static void LetBeRead(VmBusChannel channel, CancellationToken cancellationToken)
    {
        try
        {
            channel.WaitToWrite(channel.Outgoing.MaxPayloadLength, LastAnswer, cancellationToken);
        }
        catch (OperationCanceledException)
        {
            // The user does not want to wait.
        }
    }
}
