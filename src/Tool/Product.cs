// One process, one command line, one exit code: the terminal, the signals and the last resort for errors around it.

namespace VmBus.Tool;

/// <summary>The command as a process.</summary>
internal static class Product
{
    /// <summary>Runs the command line of this process, on its terminal, until done or interrupted.</summary>
    public static async Task<int> RunAsync(string[] args, Engines engines)
    {
        Terminal terminal = Terminal.OfProcess();

        // On a thread of an engine's own nothing can catch; the runtime would print a stack trace and dump.
        AppDomain.CurrentDomain.UnhandledException += (_, e) =>
            Environment.Exit(VmBusCommand.Fail(terminal, (Exception)e.ExceptionObject, VmBusCommand.IsVerbose(args)));

        using Interrupt interrupt = new(terminal);
        if (HostProcess.IsMeant(args))
            return HostProcess.RunToExit(args, terminal, interrupt.Token);
        int exitCode = await VmBusCommand.RunAsync(args, terminal, engines, interrupt.Token).ConfigureAwait(false);
        return interrupt.ExitCode != 0 ? interrupt.ExitCode : exitCode;
    }
}
