// Interrupts one thread again and again with a signal that has a handler, so that its calls end with EINTR.

using System.Runtime.InteropServices;

namespace VmBus.Interop.Tests.Linux;

internal sealed class SignalStorm : IDisposable
{
    private readonly Thread _thread;
    private volatile bool _stop;

    private readonly PosixSignalRegistration _handler;

    // Aims at the thread that calls.
    public SignalStorm()
    {
        int target = TestLibc.ThreadId();
        // Without a handler this signal is ignored, and interrupts nothing.
        _handler = PosixSignalRegistration.Create(PosixSignal.SIGWINCH, context => context.Cancel = true);
        _thread = new Thread(() =>
        {
            while (!_stop)
            {
                TestLibc.KillThread(Environment.ProcessId, target, TestLibc.SignalWindowChange);
                Sent++;
                ThreadScheduling.NanoSleep(TimeSpan.FromMilliseconds(1));
            }
        });
        _thread.Start();
    }

    public int Sent { get; private set; }

    public void Dispose()
    {
        _stop = true;
        _thread.Join();
        _handler.Dispose();
    }
}
