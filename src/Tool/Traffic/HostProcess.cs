// The other process of `--processes 2`.

using System.Globalization;
using System.Runtime.Versioning;
using VmBus.InMemory;
using VmBus.Interop;

namespace VmBus.Tool;

/// <summary>Offers a channel to the process that started this one, does its job, and sends the result back.</summary>
internal static class HostProcess
{
    /// <summary>The first word of such a process's command line. Not for people.</summary>
    public const string Command = "host-process";

    private const int Killed = 9;

    /// <summary>Whether a command line is one of <see cref="TwoProcesses"/>.</summary>
    public static bool IsMeant(ReadOnlySpan<string> args) => args.Length > 0 && args[0] == Command;

    /// <summary>Runs such a process. Never throws.</summary>
    public static int RunToExit(string[] args, Terminal terminal, CancellationToken cancellationToken)
    {
        try
        {
            if (!OperatingSystem.IsLinux())
                throw new UsageException("--processes 2 needs memfd and eventfd, which only Linux has");
            Run(args, cancellationToken);
            return ExitCode.Success;
        }
#pragma warning disable CA1031 // The last resort: whatever goes wrong, a user gets a line, not a stack trace.
        catch (Exception e)
        {
            return VmBusCommand.Fail(terminal, e, VmBusCommand.IsVerbose(args), cancellationToken.IsCancellationRequested);
        }
#pragma warning restore CA1031
    }

    /// <summary>Runs the job the command line names.</summary>
    /// <param name="args">The command, the socket, ring size, window, spin budget, the job.</param>
    /// <param name="cancellationToken">Ends it.</param>
    /// <exception cref="UsageException">This is no command line of <see cref="TwoProcesses"/>.</exception>
    [SupportedOSPlatform("linux")]
    private static void Run(ReadOnlySpan<string> args, CancellationToken cancellationToken)
    {
        if (args.Length < 6)
            throw new UsageException($"'{Command}' is internal: vmbus starts it for --processes 2");

        // Without the process that started it there is nothing left to do.
        ThreadScheduling.SetParentDeathSignal(Killed);
        Cores.TakeHost();
        SharedChannelOptions options = new()
        {
            RingSize = int.Parse(args[2], CultureInfo.InvariantCulture),
            MonitorLatency = new TimeSpan(long.Parse(args[3], CultureInfo.InvariantCulture)),
            ScanThreadStarted = Cores.TakeHost,
            SpinBudget = new TimeSpan(long.Parse(args[4], CultureInfo.InvariantCulture)),
            AdaptiveSpin = false,
        };
        ReadOnlySpan<string> job = args[6..];
        if (args[5] == SaveJob.Name)
            WarmUp(options.RingSize, cancellationToken);
        using SharedHost host = SharedHost.Offer(UnixFdSocket.FromDescriptor(int.Parse(args[1], CultureInfo.InvariantCulture)), options, PeerTrust.Trusted);
        switch (args[5])
        {
            case ReceiveJob.Name:
                Run(host, new ReceiveJob(), cancellationToken);
                break;
            case SaveJob.Name:
                Run(host, SaveJob.Parse(job), cancellationToken);
                break;
            default:
                throw new UsageException($"'{Command}' knows no job '{args[5]}'");
        }
    }

    /// <summary>Reads the result another process sends over the socket when its job is done.</summary>
    /// <returns>The result, or <see langword="null"/> when the process went away without one.</returns>
    [SupportedOSPlatform("linux")]
    public static T? ReceiveReply<T>(UnixFdSocket socket, IHostJob<T> job)
    {
        using MemoryStream reply = new();
        byte[] buffer = new byte[64 * 1024];
        int length;
        while ((length = socket.Receive(buffer, [], out _)) > 0)
            reply.Write(buffer, 0, length);
        if (reply.Length == 0)
            return default;
        reply.Position = 0;
        using BinaryReader reader = new(reply);
        return job.Read(reader);
    }

    // Before there is a channel: the other process takes the time from there on.
    private static void WarmUp(int ringSize, CancellationToken cancellationToken)
    {
        const int MessageSize = 16 * 1024;
        CopyEngine.WarmUp(SignalMode.Monitored, new CopyOptions { Input = "", Output = "", RingSize = ringSize, MessageSize = Math.Min(MessageSize, ringSize / 4) }, cancellationToken);
    }

    [SupportedOSPlatform("linux")]
    private static void Run<T>(SharedHost host, IHostJob<T> job, CancellationToken cancellationToken)
    {
        T result = job.Run(host.Channel, cancellationToken);
        using MemoryStream reply = new();
        using (BinaryWriter writer = new(reply, System.Text.Encoding.UTF8, leaveOpen: true))
            job.Write(writer, result);
        host.Socket.Send(reply.ToArray());
    }
}
