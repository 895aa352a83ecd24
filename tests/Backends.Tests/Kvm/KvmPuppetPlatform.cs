using System.Collections.Concurrent;
using System.Numerics;
using System.Runtime.InteropServices;
using System.Runtime.Versioning;
using VmBus.Guests;
using VmBus.Hosting;
using VmBus.InMemory;
using VmBus.Interop;
using VmBus.Kvm;
using VmBus.Layout;

namespace VmBus.Backends.Tests.Kvm;

/// <summary>
/// A guest under KVM played from here: hypercalls and registers are the guest's own, by <see cref="PuppetProgram"/>;
/// memory is shared, and its SynIC pages are looked at by a thread of this process.
/// </summary>
[SupportedOSPlatform("linux")]
internal sealed class KvmPuppetPlatform : IGuestPlatform, IDisposable
{
    private const int LowPages = 255;               // the first MiB but page 0, which is nobody's
    private const uint GuestOsId = 0x4000_0000, HypercallRegister = 0x4000_0001;
    private const uint CommandLow = 0xFEE0_0300, CommandHigh = 0xFEE0_0310;

    private readonly KvmPartition _partition;
    private readonly ConcurrentDictionary<uint, ISignalGate> _gates = new();
    private readonly Lock _taking = new();
    private readonly Thread _thread;
    private readonly int _vpCount;
    private HostMessageHandler? _handler;
    private SharedPage? _shared;
    private volatile Exception? _failure;
    private volatile bool _stopped;

    /// <summary>Loads the puppet into a partition that has not started, starts it, and enables its SynICs.</summary>
    public KvmPuppetPlatform(KvmPartition partition, int? vpCount = null)
    {
        _partition = partition;
        _vpCount = vpCount ?? partition.VpCount;
        Assert.Equal((ulong)GuestMemory.PageSize, Memory.AllocatePages(LowPages));
        Vps = [.. Enumerable.Range(0, _vpCount).Select(vp => new PuppetVp(partition, vp))];
        foreach (PuppetVp vp in Vps)
            partition.AddPorts(vp);
        ulong entry = PuppetProgram.Load(Memory);
        LongMode.Enter(partition.Processors[0].Vp, Memory, new KvmRegisters { Rip = entry, Rsp = PuppetProgram.Mailbox(0) + 0x1000 });
        partition.Start();
        _thread = new Thread(Look) { IsBackground = true, Name = "puppet-interrupts" };
        try
        {
            Vps[0].WaitUntilReady();
            for (int vp = 1; vp < _vpCount; vp++)
                StartVp(vp);
            Vps[0].WriteRegister(GuestOsId, 0x8100_0000_0000_0000);
            Vps[0].WriteRegister(HypercallRegister, PuppetProgram.HypercallPage | 1);
            for (int vp = 0; vp < _vpCount; vp++)
                EnableSynic(vp);
            Assert.All(Vps, vp => Assert.Equal(0ul, vp.Faults));
        }
        catch
        {
            Release();
            throw;
        }
        _thread.Start();
    }

    public IReadOnlyList<PuppetVp> Vps { get; }

    public int VpCount => _vpCount;

    private GuestMemory Memory => _partition.GuestMemory;

    /// <summary>Turns a VP's SynIC on, as a kernel does.</summary>
    public void EnableSynic(int vp)
    {
        ulong pages = PuppetProgram.SynicPages(vp);
        Memory.Bytes(pages, 2 * GuestMemory.PageSize).Clear();
        Vps[vp].WriteRegister(SynicMsr.Simp, SynicPageRegister.Enabled(pages).Value);
        Vps[vp].WriteRegister(SynicMsr.Siefp, SynicPageRegister.Enabled(pages + GuestMemory.PageSize).Value);
        Vps[vp].WriteRegister(SynicMsr.Sint0 + SynicMsr.VmBusSint, SynicSint.Unmasked(PuppetProgram.InterruptVector).Value);
        Vps[vp].WriteRegister(SynicMsr.Scontrol, SynicMsr.ScontrolEnable);
    }

    public HypercallStatus PostMessage(uint connectionId, ReadOnlySpan<byte> payload)
    {
        var input = new PostMessageInput { ConnectionId = connectionId, MessageType = SynicMessageType.Channel, PayloadSize = (uint)payload.Length };
        payload.CopyTo(MemoryMarshal.AsBytes((Span<ulong>)input.Payload));
        return (HypercallStatus)Vps[0].Hypercall(new HypercallControl(HypercallCode.PostMessage).Value, MemoryMarshal.AsBytes(new ReadOnlySpan<PostMessageInput>(in input)));
    }

    public IDisposable ReceiveMessages(HostMessageHandler handler)
    {
        if (Interlocked.CompareExchange(ref _handler, handler, null) is not null)
            throw new InvalidOperationException("Somebody takes the host's messages already.");
        return new Undo(() =>
        {
            // A message that is being handed out is waited for.
            lock (_taking)
                _handler = null;
        });
    }

    public IGuestPages AllocatePages(int count) => new InMemoryGuestPages(Memory, count);

    public IGuestRings AllocateRings(int outgoingSize, int incomingSize) => new InMemoryGuestRings(Memory, outgoingSize, incomingSize, scattered: true);

    public IGuestPages? TryAdoptPages(ReadOnlySpan<ulong> pageFrames)
    {
        if (pageFrames.IsEmpty || !Memory.AreAllocated(pageFrames))
            return null;
        for (int page = 1; page < pageFrames.Length; page++)
        {
            if (pageFrames[page] != pageFrames[0] + (uint)page)
                return null;
        }
        return new InMemoryGuestPages(Memory, pageFrames[0] * GuestMemory.PageSize, pageFrames.Length);
    }

    public IGuestRings? TryAdoptRings(ReadOnlySpan<ulong> pageFrames, int downstreamPageOffset) =>
        downstreamPageOffset < 2 || downstreamPageOffset > pageFrames.Length - 2 || !Memory.AreAllocated(pageFrames)
            ? null
            : new InMemoryGuestRings(Memory, pageFrames, downstreamPageOffset);

    public IMappedPage? TryMapHostPage(ulong gpa) => Memory.TryMapPage(gpa);

    public ISignalPath CreateSignalPath(uint connectionId, bool isMonitored) => new SignalPath(Vps[0], connectionId, isMonitored);

    public ISignalGate CreateGate() => new WakeGate(TimeSpan.Zero);

    public IDisposable RouteEvents(uint flag, ISignalGate gate)
    {
        if (!_gates.TryAdd(flag, gate))
            throw new InvalidOperationException($"Flag {flag} is routed already.");
        return new Undo(() => _gates.TryRemove(flag, out _));
    }

    public void ShareEvents(InterruptPageView? page) => Volatile.Write(ref _shared, page is { } view ? new SharedPage(view) : null);

    /// <summary>Turns the SynICs off and halts the puppet. The partition stays its owner's.</summary>
    public void Dispose()
    {
        if (_stopped)
            return;
        if (!_partition.Ended.IsCompleted)
        {
            foreach (PuppetVp vp in Vps)
                vp.WriteRegister(SynicMsr.Scontrol, 0);
        }
        Release();
        _thread.Join();
        Memory.FreePages(GuestMemory.PageSize, LowPages);
        Assert.Null(_failure);
    }

    private void Release()
    {
        _stopped = true;
        foreach (PuppetVp vp in Vps)
            vp.Release();
    }

    // INIT and SIPI, as the first processor of a PC wakes the others.
    private void StartVp(int vp)
    {
        BitConverter.TryWriteBytes(Memory.Bytes(PuppetProgram.StartingVp, 4), vp);
        foreach (uint command in new[] { 0x4500u, 0x4600u | (uint)(PuppetProgram.Startup >> 12) })
        {
            Vps[0].Poke(CommandHigh, (uint)vp << 24);
            Vps[0].Poke(CommandLow, command);
        }
        Vps[vp].WaitUntilReady();
    }

    // The part of an interrupt handler, in this process: the pages are looked at all the time.
    private void Look()
    {
        try
        {
            while (!_stopped)
            {
                for (int vp = 0; vp < _vpCount; vp++)
                {
                    nint pages = Memory.Translate(PuppetProgram.SynicPages(vp), 2 * GuestMemory.PageSize);
                    DrainFlags(new SynicEventFlagsPageView(pages + GuestMemory.PageSize).Flags(SynicMsr.VmBusSint));
                    while (TakeMessage(vp, new SynicMessagePageView(pages)))
                    {
                    }
                }
                ThreadScheduling.NanoSleep(TimeSpan.FromMicroseconds(100));
            }
        }
        catch (Exception failure) when (failure is InvalidOperationException)
        {
            _failure = _partition.Ended.IsCompleted ? null : failure;
        }
    }

    private void DrainFlags(Span<ulong> words)
    {
        if (_shared is { } shared)
        {
            if ((Interlocked.And(ref words[0], ~1ul) & 1) == 0)
                return;
            words = shared.View.Receive;
        }
        for (int index = 0; index < words.Length; index++)
        {
            if (Volatile.Read(ref words[index]) == 0)
                continue;
            for (ulong taken = Interlocked.Exchange(ref words[index], 0); taken != 0; taken &= taken - 1)
            {
                if (_gates.TryGetValue((uint)(index * 64 + BitOperations.TrailingZeroCount(taken)), out ISignalGate? gate))
                    gate.Set();
            }
        }
    }

    private bool TakeMessage(int vp, SynicMessagePageView page)
    {
        lock (_taking)
        {
            ref SynicMessage slot = ref page.Slot(SynicMsr.VmBusSint);
            if (_handler is not { } handler || MessageSlot.ReadType(ref slot.Header) == SynicMessageType.None)
                return false;
            SynicMessage message = slot;
            MessageSlot.Free(ref slot.Header);
            if ((slot.Header.MessageFlags & SynicMessageFlags.Pending) != 0)
                Vps[vp].WriteRegister(SynicMsr.Eom, 0);
            if (message.Header.MessageType == SynicMessageType.Channel)
                handler(MemoryMarshal.AsBytes((ReadOnlySpan<ulong>)message.Payload)[..Math.Min((int)message.Header.PayloadSize, SynicMessagePayload.Size)]);
            return true;
        }
    }

    private sealed class SignalPath(PuppetVp vp, uint connectionId, bool isMonitored) : ISignalPath
    {
        public SignalCapabilities Capabilities { get; } = isMonitored
            ? SignalCapabilities.Hypercall | SignalCapabilities.Monitor | SignalCapabilities.LatencyHint
            : SignalCapabilities.Hypercall;

        public HypercallStatus Signal() =>
            (HypercallStatus)vp.Hypercall(new HypercallControl(HypercallCode.SignalEvent, fast: true).Value, new SignalEventInput(connectionId).ToRegister(), 0);
    }

    private sealed class SharedPage(InterruptPageView view)
    {
        public readonly InterruptPageView View = view;
    }
}
