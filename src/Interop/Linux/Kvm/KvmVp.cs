// One virtual processor. Mirrors the vcpu ioctls and struct kvm_run of Documentation/virt/kvm/api.rst.

using System.Runtime.InteropServices;
using System.Runtime.Versioning;

namespace VmBus.Interop;

/// <summary>
/// A virtual processor. It belongs to the thread that runs it, except <see cref="ComeBack"/>, which any thread may call.
/// </summary>
[SupportedOSPlatform("linux")]
internal sealed unsafe class KvmVp : KvmHandle
{
    private const int RegistersAtOnce = 64;

    private readonly byte* _run;
    private readonly int _runSize;

    internal KvmVp(int descriptor, int runSize) : base(descriptor)
    {
        nint address = Libc.Map(0, (nuint)runSize, (int)MemoryProtection.ReadWrite, Libc.MapShared, this, 0);
        if (address == Libc.MapFailed)
        {
            ErrnoException error = ErrnoException.FromLastCall($"mmap of the {runSize} bytes that a VP shares with the kernel");
            Dispose();
            throw error;
        }
        _run = (byte*)address;
        _runSize = runSize;
    }

    /// <summary>Runs the guest until it needs something.</summary>
    /// <returns>Why it came back; what it needs is in <see cref="PortAccess"/> and its neighbours until the next run.</returns>
    /// <exception cref="ErrnoException">The kernel refused.</exception>
    public KvmExit Run()
    {
        if (Libc.Control(this, KvmRequest.Run, null) >= 0)
            return (KvmExit)(*(uint*)(_run + 8));
        Errno error = Libc.LastError;
        // EAGAIN: the VP waits for its start-up interrupt, and was looked at for the first time.
        return error is Errno.Interrupted or Errno.TryAgain ? KvmExit.Interrupted : throw new ErrnoException("KVM_RUN", error);
    }

    /// <summary>
    /// Has the run after this come back at once, until it is told otherwise. A run that has begun comes back only when a
    /// signal is sent to its thread.
    /// </summary>
    /// <param name="atOnce">Whether runs come back at once.</param>
    public void ComeBack(bool atOnce) => Volatile.Write(ref _run[1], atOnce ? (byte)1 : (byte)0);

    /// <summary>What the guest does with a port, after <see cref="KvmExit.Port"/>.</summary>
    public KvmPortAccess PortAccess => new(
        IsWrite: _run[32] == 1, Size: _run[33], Port: *(ushort*)(_run + 34), Count: *(int*)(_run + 36));

    /// <summary>The bytes of a port access: what the guest writes, or where what it reads goes.</summary>
    /// <exception cref="InvalidOperationException">The kernel says that they lie outside what it shares.</exception>
    public Span<byte> PortData => Shared(*(ulong*)(_run + 40), (ulong)_run[33] * *(uint*)(_run + 36));

    /// <summary>What the guest does with an address without memory, after <see cref="KvmExit.Memory"/>.</summary>
    public KvmMemoryAccess MemoryAccess => new(Address: *(ulong*)(_run + 32), Length: *(int*)(_run + 48), IsWrite: _run[52] != 0);

    /// <summary>The bytes of that access: what the guest writes, or where what it reads goes.</summary>
    public Span<byte> MemoryData => new(_run + 40, Math.Clamp(*(int*)(_run + 48), 0, 8));

    /// <summary>Which of its kinds <see cref="KvmExit.Hyperv"/> is of.</summary>
    public KvmHypervExit HypervExit => (KvmHypervExit)(*(uint*)(_run + 32));

    /// <summary>The registers of the SynIC after <see cref="KvmHypervExit.Synic"/>.</summary>
    public KvmSynicState SynicState => new(
        Msr: *(uint*)(_run + 40), Control: *(ulong*)(_run + 48), EventFlagsPage: *(ulong*)(_run + 56), MessagePage: *(ulong*)(_run + 64));

    /// <summary>The hypercall after <see cref="KvmHypervExit.Hypercall"/>: its control word, and RDX and R8.</summary>
    public (ulong Input, ulong Parameter0, ulong Parameter1) Hypercall => (*(ulong*)(_run + 40), *(ulong*)(_run + 56), *(ulong*)(_run + 64));

    /// <summary>Answers a hypercall: what the guest finds in RAX.</summary>
    /// <param name="result">The result word; see <c>HypercallStatus</c> for its low half.</param>
    public void AnswerHypercall(ulong result) => *(ulong*)(_run + 48) = result;

    /// <summary>What kind of <see cref="KvmExit.SystemEvent"/> it is, and what comes with it.</summary>
    public (KvmSystemEvent Kind, ulong Detail) SystemEvent => ((KvmSystemEvent)(*(uint*)(_run + 32)), *(uint*)(_run + 36) > 0 ? *(ulong*)(_run + 40) : 0);

    /// <summary>What the processor or the kernel says after <see cref="KvmExit.FailedEntry"/>, <see cref="KvmExit.InternalError"/> or <see cref="KvmExit.Unknown"/>.</summary>
    public ulong FailureReason => *(uint*)(_run + 8) == (uint)KvmExit.InternalError ? *(uint*)(_run + 32) : *(ulong*)(_run + 32);

    /// <summary>Reads the general registers.</summary>
    /// <exception cref="ErrnoException">The kernel refused.</exception>
    public KvmRegisters GetRegisters()
    {
        KvmRegisters registers = default;
        Control(KvmRequest.GetRegisters, ref registers, "KVM_GET_REGS");
        return registers;
    }

    /// <summary>Writes the general registers.</summary>
    /// <exception cref="ErrnoException">The kernel refused.</exception>
    public void SetRegisters(KvmRegisters registers) => Control(KvmRequest.SetRegisters, ref registers, "KVM_SET_REGS");

    /// <summary>Reads the segment and control registers.</summary>
    /// <exception cref="ErrnoException">The kernel refused.</exception>
    public KvmSpecialRegisters GetSpecialRegisters()
    {
        KvmSpecialRegisters registers = default;
        Control(KvmRequest.GetSpecialRegisters, ref registers, "KVM_GET_SREGS");
        return registers;
    }

    /// <summary>Writes the segment and control registers.</summary>
    /// <exception cref="ErrnoException">The kernel refused: a combination that no processor has.</exception>
    public void SetSpecialRegisters(KvmSpecialRegisters registers) => Control(KvmRequest.SetSpecialRegisters, ref registers, "KVM_SET_SREGS");

    /// <summary>Says what the guest reads by CPUID. To be called before the first run.</summary>
    /// <exception cref="ErrnoException">The kernel refused.</exception>
    public void SetCpuid(ReadOnlySpan<KvmCpuidEntry> entries) =>
        Control(KvmRequest.SetCpuid, KvmCpuidList.Create(entries), $"KVM_SET_CPUID2 of {entries.Length} leaves");

    /// <summary>The Hyper-V leaves of CPUID that the kernel can honour for this VP.</summary>
    /// <exception cref="ErrnoException">The kernel refused.</exception>
    public KvmCpuidEntry[] GetHypervCpuid()
    {
        byte[] list = KvmCpuidList.CreateEmpty();
        Control(KvmRequest.GetHypervCpuid, list, "KVM_GET_SUPPORTED_HV_CPUID");
        return KvmCpuidList.Read(list);
    }

    /// <summary>Turns a capability of the VP on.</summary>
    /// <exception cref="ErrnoException">The kernel refused.</exception>
    public void Enable(KvmCapability capability)
    {
        var argument = new KvmEnableCapability { Capability = capability };
        Control(KvmRequest.EnableCapability, ref argument, $"KVM_ENABLE_CAP of {capability}");
    }

    /// <summary>Writes model-specific registers.</summary>
    /// <returns>How many were written: the first that the kernel refuses ends it.</returns>
    /// <exception cref="ErrnoException">The kernel refused the call.</exception>
    public int SetModelRegisters(ReadOnlySpan<KvmModelRegister> registers)
    {
        Span<byte> list = stackalloc byte[8 + RegistersAtOnce * sizeof(KvmModelRegister)];
        int bytes = FillModelRegisters(list, registers);
        return Control(KvmRequest.SetModelRegisters, list[..bytes], $"KVM_SET_MSRS of {registers.Length} registers");
    }

    /// <summary>Reads model-specific registers.</summary>
    /// <param name="registers">Which; their values are filled in.</param>
    /// <returns>How many were read: the first that the kernel refuses ends it.</returns>
    /// <exception cref="ErrnoException">The kernel refused the call.</exception>
    public int GetModelRegisters(Span<KvmModelRegister> registers)
    {
        Span<byte> list = stackalloc byte[8 + RegistersAtOnce * sizeof(KvmModelRegister)];
        int bytes = FillModelRegisters(list, registers);
        int read = Control(KvmRequest.GetModelRegisters, list[..bytes], $"KVM_GET_MSRS of {registers.Length} registers");
        MemoryMarshal.Cast<byte, KvmModelRegister>(list[8..bytes]).CopyTo(registers);
        return read;
    }

    /// <inheritdoc/>
    protected override bool ReleaseHandle() => (_run == null || Libc.Unmap((nint)_run, (nuint)_runSize) == 0) & base.ReleaseHandle();

    private static int FillModelRegisters(Span<byte> list, ReadOnlySpan<KvmModelRegister> registers)
    {
        ArgumentOutOfRangeException.ThrowIfGreaterThan(registers.Length, RegistersAtOnce, nameof(registers));
        list[..8].Clear();
        MemoryMarshal.Write(list, registers.Length);
        MemoryMarshal.AsBytes(registers).CopyTo(list[8..]);
        return 8 + registers.Length * sizeof(KvmModelRegister);
    }

    private Span<byte> Shared(ulong offset, ulong length)
    {
        if (offset > (ulong)_runSize || length > (ulong)_runSize - offset)
            throw new InvalidOperationException($"The kernel names {length} bytes at {offset} of the {_runSize} that it shares.");
        return new Span<byte>(_run + offset, (int)length);
    }
}
