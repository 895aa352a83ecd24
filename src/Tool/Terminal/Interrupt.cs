// Ctrl-C and SIGTERM: first asked politely, and when a blocked thread does not hear it, the process ends anyway.

using System.Runtime.InteropServices;

namespace VmBus.Tool;

/// <summary>Turns the first SIGINT or SIGTERM into a cancellation, and ends the process when that takes too long.</summary>
internal sealed class Interrupt : IDisposable
{
    private readonly CancellationTokenSource _cancellation = new();
    private readonly PosixSignalRegistration _interrupt;
    private readonly PosixSignalRegistration _terminate;
    private readonly Terminal _terminal;
    private readonly Timer _deadline;
    private int _exitCode;

    /// <summary>Starts listening.</summary>
    /// <param name="terminal">Restored before the process is ended the hard way; says how long to wait for that.</param>
    public Interrupt(Terminal terminal)
    {
        _terminal = terminal;
        _deadline = new Timer(_ => End());
        _interrupt = PosixSignalRegistration.Create(PosixSignal.SIGINT, context => Handle(context, VmBus.Tool.ExitCode.Interrupted));
        _terminate = PosixSignalRegistration.Create(PosixSignal.SIGTERM, context => Handle(context, VmBus.Tool.ExitCode.Terminated));
    }

    /// <summary>Cancelled by the first signal.</summary>
    public CancellationToken Token => _cancellation.Token;

    /// <summary>What to exit with after a signal; 0 before one.</summary>
    public int ExitCode => Volatile.Read(ref _exitCode);

    /// <summary>Stops listening.</summary>
    public void Dispose()
    {
        _interrupt.Dispose();
        _terminate.Dispose();
        _deadline.Dispose();
        _cancellation.Dispose();
    }

    private void Handle(PosixSignalContext context, int exitCode)
    {
        context.Cancel = true;
        if (Interlocked.CompareExchange(ref _exitCode, exitCode, 0) != 0)
        {
            End();
            return;
        }

        _deadline.Change(_terminal.Grace, Timeout.InfiniteTimeSpan);
        _cancellation.Cancel();
    }

    private void End()
    {
        _terminal.Restore();
        _terminal.Error.WriteLine("vmbus: interrupted");
        Environment.Exit(ExitCode);
    }
}
