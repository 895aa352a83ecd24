// The host in a process of its own: this program, started again, told its job on its command line, connected by a pair of
// sockets of which it inherits one, so that nothing is left in any folder however the two end.

using System.Diagnostics;
using System.Globalization;
using System.Runtime.Versioning;
using VmBus.InMemory;
using VmBus.Interop;

namespace VmBus.Tool;

/// <summary>Runs the guest in this process and the host in another, over memory that both map.</summary>
[SupportedOSPlatform("linux")]
internal sealed class TwoProcesses : IChannelRun
{
    private static readonly TimeSpan StartTime = TimeSpan.FromSeconds(30);

    /// <inheritdoc/>
    public (TGuest Guest, THost Host) Run<TGuest, THost>(
        ChannelPlan plan, Func<VmBusChannel, CancellationToken, TGuest> guest, IHostJob<THost> host, Action tick, CancellationToken cancellationToken)
    {
        (UnixFdSocket ours, UnixFdSocket theirs) = UnixFdSocket.CreatePair();
        using (ours)
        {
            Process? started;
            using (theirs)
            {
                theirs.MakeInheritable();
                started = Start(theirs.Descriptor, plan, host.Arguments);
            }
            using Process process = started;
            try
            {
                using SharedGuest end = Connect(ours, process);
                end.Channel.SignalMode = plan.Mode;
                using CancellationTokenSource stop = CancellationTokenSource.CreateLinkedTokenSource(cancellationToken);
                Worker<TGuest> guestThread = new("vmbus-guest", Cores.TakeGuest, () => guest(end.Channel, stop.Token), stop);
                guestThread.JoinTicking(tick);
                if (guestThread.Error is { SourceException: PeerDisconnectedException })
                    throw Failed(process);
                WorkerErrors.ThrowFirst(guestThread.Error);
                return (guestThread.Result, HostProcess.ReceiveReply(end.Socket, host) ?? throw Failed(process));
            }
            finally
            {
                Stop(process);
            }
        }
    }

    private static Process Start(int socket, ChannelPlan plan, IReadOnlyList<string> job)
    {
        string program = Environment.ProcessPath ?? throw new ToolException("cannot start the host process: this system does not say where this program is");
        // Its one line of error becomes this process's: two lines from two processes are two riddles.
        ProcessStartInfo start = new(program) { RedirectStandardError = true };

        // Under the dotnet host the program is the assembly, not the process.
        if (Path.GetFileNameWithoutExtension(program).Equals("dotnet", StringComparison.OrdinalIgnoreCase))
            start.ArgumentList.Add(Path.Combine(AppContext.BaseDirectory, "vmbus.dll"));
        start.ArgumentList.Add(HostProcess.Command);
        start.ArgumentList.Add(socket.ToString(CultureInfo.InvariantCulture));
        start.ArgumentList.Add(plan.RingSize.ToString(CultureInfo.InvariantCulture));
        start.ArgumentList.Add(plan.Window.Ticks.ToString(CultureInfo.InvariantCulture));
        start.ArgumentList.Add(plan.Spin.Ticks.ToString(CultureInfo.InvariantCulture));
        foreach (string argument in job)
            start.ArgumentList.Add(argument);
        return Process.Start(start) ?? throw new ToolException($"cannot start the host process {program}");
    }

    private static SharedGuest Connect(UnixFdSocket socket, Process process)
    {
        if (Poll.Wait(socket.Descriptor, PollEvents.In, StartTime) == PollEvents.None)
            throw new ToolException($"the host process did not offer its channel within {StartTime.TotalSeconds:0} s");
        try
        {
            return SharedGuest.Connect(socket);
        }
        catch (PeerDisconnectedException)
        {
            throw Failed(process);
        }
    }

    /// <summary>The host ended early. It has said why on standard error, unless it was killed.</summary>
    private static ToolException Failed(Process process)
    {
        const string Prefix = "vmbus: ";
        process.WaitForExit(StartTime);
        if (process.HasExited && process.ExitCode is ExitCode.Interrupted or ExitCode.Terminated)
            return new ToolException("the host process was stopped before the run was over");
        string said = process.HasExited ? process.StandardError.ReadToEnd().Trim() : "";
        if (said.StartsWith(Prefix, StringComparison.Ordinal))
            return new ToolException(said[Prefix.Length..]);
        string how = !process.HasExited ? "hung up" : process.ExitCode > 128 ? $"was killed by signal {process.ExitCode - 128}" : $"ended with exit code {process.ExitCode}";
        return new ToolException($"the host process {how} before the run was over");
    }

    private static void Stop(Process process)
    {
        if (process.WaitForExit(TimeSpan.FromSeconds(5)))
            return;
        process.Kill();
        process.WaitForExit();
    }
}
