// What a signal costs that the kernel writes to an eventfd, as KVM does for a guest's hypercall: taken by the waiter itself,
// or by an event loop that sets the waiter's gate.

using System.Runtime.Versioning;
using BenchmarkDotNet.Attributes;
using VmBus.Hosting;
using VmBus.Interop;
using VmBus.Kvm;

namespace VmBus.Benchmarks;

/// <summary>There by an eventfd to a device's thread, and back by a gate that is spun on.</summary>
[SupportedOSPlatform("linux")]
public class KernelSignals
{
    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(30);

    private readonly WakeGate _answer = new(TimeSpan.FromSeconds(1), adaptiveSpin: false);
    private EventDispatcher? _dispatcher;
    private Device? _direct;
    private Device? _looped;

    /// <summary>How long the device's thread spins at most before it sleeps, in microseconds.</summary>
    [Params(0, 50)]
    public int Spin { get; set; }

    /// <summary>Starts both devices; one waits while the other is measured.</summary>
    [GlobalSetup]
    public void Setup()
    {
        _dispatcher = new EventDispatcher();
        TimeSpan spin = TimeSpan.FromMicroseconds(Spin);
        var own = new EventFdGate(_dispatcher, spin);
        _direct = new Device(own, own.Arrivals, _answer);
        var gate = new WakeGate(spin);
        EventFd arrivals = EventFd.Create();
        _dispatcher.Add(arrivals, _ => gate.Set());
        _looped = new Device(gate, arrivals, _answer);
    }

    /// <summary>Ends them.</summary>
    [GlobalCleanup]
    public void Cleanup()
    {
        _direct!.Dispose();
        _looped!.Dispose();
        _dispatcher!.Dispose();
    }

    /// <summary>An event loop takes the signal and sets the gate.</summary>
    [Benchmark(Baseline = true)]
    public void EventLoop() => RoundTrip(_looped!);

    /// <summary>The waiter takes it.</summary>
    [Benchmark]
    public void Direct() => RoundTrip(_direct!);

    private void RoundTrip(Device device)
    {
        device.Arrivals.Signal();
        if (!_answer.Wait(Patience))
            throw new TimeoutException("The device's thread does not answer.");
    }

    private sealed class Device : IDisposable
    {
        private readonly ISignalGate _gate;
        private readonly WakeGate _answer;
        private readonly Thread _thread;

        public Device(ISignalGate gate, EventFd arrivals, WakeGate answer)
        {
            _gate = gate;
            _answer = answer;
            Arrivals = arrivals;
            _thread = new Thread(Run) { IsBackground = true };
            _thread.Start();
        }

        public EventFd Arrivals { get; }

        public void Dispose()
        {
            _gate.Close("The benchmark has ended.");
            _thread.Join();
            _gate.Dispose();
        }

        private void Run()
        {
            try
            {
                while (true)
                {
                    if (_gate.Wait(Timeout.InfiniteTimeSpan))
                        _answer.Set();
                }
            }
            catch (PeerDisconnectedException)
            {
                // How it ends.
            }
        }
    }
}
