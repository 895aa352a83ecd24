using System.Collections.Concurrent;
using System.Runtime.InteropServices;
using Microsoft.Win32.SafeHandles;
using VmBus.Guests;
using VmBus.Hosting;
using VmBus.InMemory;
using VmBus.Interop;
using VmBus.Layout;

namespace VmBus.Whp.Tests;

/// <summary>
/// The guest that the stand-in plays: its SynIC pages lie in the partition's memory, its hypercalls are exits of its VPs,
/// its interrupts are events of the stand-in, each taken by a thread.
/// </summary>
internal sealed class StandinGuest : IGuestPlatform, IDisposable
{
    private const int Sint = SynicMsr.VmBusSint;
    private const ushort Kernel64 = 1 << 2 | 1 << 4;

    private readonly GuestMemory _memory;
    private readonly nint _vm;
    private readonly ulong _synicPages;
    private readonly ulong _inputPage;
    private readonly Lock _calling = new();
    private readonly Lock _receiving = new();
    private readonly ConcurrentDictionary<uint, ISignalGate> _routes = new();
    private readonly ManualResetEvent _stop = new(false);
    private readonly AutoResetEvent[] _interrupts;
    private readonly Thread[] _threads;
    private HostMessageHandler? _handler;

    public StandinGuest(WhpPartition partition)
    {
        _memory = partition.GuestMemory;
        _vm = partition.Vm.DangerousGetHandle();
        VpCount = partition.VpCount;
        _synicPages = _memory.AllocatePages(2 * VpCount);
        _inputPage = _memory.AllocatePages(1);
        _interrupts = new AutoResetEvent[VpCount];
        _threads = new Thread[VpCount];
        for (int vp = 0; vp < VpCount; vp++)
        {
            int index = vp;
            _interrupts[vp] = new AutoResetEvent(false);
            _interrupts[vp].SafeWaitHandle.Dispose();
            _interrupts[vp].SafeWaitHandle = new SafeWaitHandle(Standin.Interrupt(_vm, (uint)vp), ownsHandle: false);
            Standin.SetSynic(_vm, (uint)vp, SynicMsr.ScontrolEnable, SynicPageRegister.Enabled(MessagePage(vp)).Value,
                SynicPageRegister.Enabled(MessagePage(vp) + GuestMemory.PageSize).Value);
            _threads[vp] = new Thread(() => TakeInterrupts(index)) { IsBackground = true };
            _threads[vp].Start();
        }
    }

    public int VpCount { get; }

    public HypercallStatus PostMessage(uint connectionId, ReadOnlySpan<byte> payload)
    {
        var input = new PostMessageInput { ConnectionId = connectionId, MessageType = SynicMessageType.Channel, PayloadSize = (uint)payload.Length };
        payload.CopyTo(MemoryMarshal.AsBytes((Span<ulong>)input.Payload));
        lock (_calling)
        {
            Assert.True(_memory.TryWrite(_inputPage, MemoryMarshal.AsBytes(new ReadOnlySpan<PostMessageInput>(in input))));
            return Call(0, new HypercallControl(HypercallCode.PostMessage), _inputPage);
        }
    }

    /// <summary>Makes a hypercall as a 64-bit kernel does, by an exit.</summary>
    public HypercallStatus Call(int vp, HypercallControl control, ulong input)
    {
        var exit = new WhpExit { Reason = WhpExitReason.Hypercall };
        exit.Vp.ExecutionState = Kernel64;
        exit.Vp.InstructionLengthAndCr8 = 3;
        exit.Vp.Rip = 0x1000;
        exit.Hypercall.Rcx = control.Value;
        exit.Hypercall.Rdx = input;
        lock (_calling)
        {
            Assert.True(Standin.Exit(_vm, vp, exit), "The VP was not run again.");
            return (HypercallStatus)Standin.Register(_vm, (uint)vp, WhpRegister.Rax);
        }
    }

    public HypercallStatus Signal(uint connectionId) =>
        Standin.SignalPort(_vm, connectionId) != 0
            ? HypercallStatus.Success
            : Call(VpCount - 1, new HypercallControl(HypercallCode.SignalEvent, fast: true), new SignalEventInput(connectionId).ToRegister());

    public IDisposable ReceiveMessages(HostMessageHandler handler)
    {
        if (Interlocked.CompareExchange(ref _handler, handler, null) is not null)
            throw new InvalidOperationException("Somebody takes the host's messages already.");
        foreach (AutoResetEvent interrupt in _interrupts)
            interrupt.Set();
        return new Undo(() =>
        {
            lock (_receiving)
                _handler = null;
        });
    }

    public IGuestPages AllocatePages(int count) => new InMemoryGuestPages(_memory, count);

    public IGuestRings AllocateRings(int outgoingSize, int incomingSize) => new InMemoryGuestRings(_memory, outgoingSize, incomingSize, scattered: false);

    public IGuestPages? TryAdoptPages(ReadOnlySpan<ulong> pageFrames) =>
        pageFrames.IsEmpty || !_memory.AreAllocated(pageFrames) ? null : new InMemoryGuestPages(_memory, pageFrames[0] * GuestMemory.PageSize, pageFrames.Length);

    public IGuestRings? TryAdoptRings(ReadOnlySpan<ulong> pageFrames, int downstreamPageOffset) =>
        downstreamPageOffset < 2 || downstreamPageOffset > pageFrames.Length - 2 || !_memory.AreAllocated(pageFrames)
            ? null
            : new InMemoryGuestRings(_memory, pageFrames, downstreamPageOffset);

    public IMappedPage? TryMapHostPage(ulong gpa) => _memory.TryMapPage(gpa);

    public ISignalPath CreateSignalPath(uint connectionId, bool isMonitored) => new SignalPath(this, connectionId, isMonitored);

    public ISignalGate CreateGate() => new WakeGate();

    public IDisposable RouteEvents(uint flag, ISignalGate gate)
    {
        if (!_routes.TryAdd(flag, gate))
            throw new InvalidOperationException($"Flag {flag} is routed already.");
        return new Undo(() => _routes.TryRemove(flag, out _));
    }

    public void ShareEvents(InterruptPageView? page)
    {
        if (page is not null)
            throw new NotSupportedException("This guest is of Windows 8 or later.");
    }

    public void Dispose()
    {
        _stop.Set();
        for (int vp = 0; vp < VpCount; vp++)
        {
            _threads[vp].Join();
            Standin.SetSynic(_vm, (uint)vp, 0, 0, 0);
        }
        _memory.FreePages(_synicPages, 2 * VpCount);
        _memory.FreePages(_inputPage, 1);
        _stop.Dispose();
    }

    private ulong MessagePage(int vp) => _synicPages + (ulong)(2 * vp * GuestMemory.PageSize);

    private void TakeInterrupts(int vp)
    {
        WaitHandle[] handles = [_stop, _interrupts[vp]];
        while (WaitHandle.WaitAny(handles) != 0)
        {
            TakeEvents(vp);
            TakeMessages(vp);
        }
    }

    private void TakeEvents(int vp)
    {
        Span<ulong> flags = new SynicEventFlagsPageView(_memory.Translate(MessagePage(vp) + GuestMemory.PageSize, GuestMemory.PageSize)).Flags(Sint);
        for (int word = 0; word < flags.Length; word++)
        {
            ulong set = Interlocked.Exchange(ref flags[word], 0);
            for (int bit = 0; set != 0; bit++, set >>= 1)
            {
                if ((set & 1) != 0 && _routes.TryGetValue((uint)(64 * word + bit), out ISignalGate? gate))
                    gate.Set();
            }
        }
    }

    // As vmbus_signal_eom does: copied, freed, a fence, and EOM when more waits. Only then is it looked at.
    private void TakeMessages(int vp)
    {
        lock (_receiving)
        {
            ref SynicMessage slot = ref new SynicMessagePageView(_memory.Translate(MessagePage(vp), GuestMemory.PageSize)).Slot(Sint);
            while (_handler is { } handler && MessageSlot.ReadType(ref slot.Header) != SynicMessageType.None)
            {
                SynicMessage message = slot;
                MessageSlot.Free(ref slot.Header);
                if ((slot.Header.MessageFlags & SynicMessageFlags.Pending) != 0)
                    Standin.WriteEom(_vm);
                handler(MemoryMarshal.AsBytes((ReadOnlySpan<ulong>)message.Payload)[..message.Header.PayloadSize]);
            }
        }
    }

    private sealed class SignalPath(StandinGuest guest, uint connectionId, bool isMonitored) : ISignalPath
    {
        public SignalCapabilities Capabilities =>
            SignalCapabilities.Hypercall | (isMonitored ? SignalCapabilities.Monitor | SignalCapabilities.LatencyHint : SignalCapabilities.None);

        public HypercallStatus Signal() => guest.Signal(connectionId);
    }
}
