// What the parts of a partition have in common: the partition outlives them.

using System.Runtime.InteropServices;
using System.Runtime.Versioning;

namespace VmBus.Interop;

/// <summary>A part of a partition. The partition is not deleted before it is.</summary>
[SupportedOSPlatform("windows")]
internal abstract class WhpPart : SafeHandle
{
    private const nint None = -1;

    private protected WhpPart(WhpVm vm, nint part) : base(None, ownsHandle: true)
    {
        Vm = vm;
        bool isHeld = false;
        vm.DangerousAddRef(ref isHeld);
        SetHandle(part);
    }

    /// <inheritdoc/>
    public override bool IsInvalid => handle == None;

    private protected WhpVm Vm { get; }

    private protected abstract int Delete(nint partition, nint part);

    /// <inheritdoc/>
    protected sealed override bool ReleaseHandle()
    {
        // By its number: the partition may have been disposed, and is only held by this part.
        int result = Delete(Vm.DangerousGetHandle(), handle);
        Vm.DangerousRelease();
        return result >= 0;
    }
}
