// A trigger. Mirrors WHV_TRIGGER_HANDLE and the event that comes with it.

using System.Runtime.InteropServices;
using System.Runtime.Versioning;
using Microsoft.Win32.SafeHandles;

namespace VmBus.Interop;

/// <summary>A trigger: an event that, when it is set, sets an event flag of a guest. Thread-safe.</summary>
[SupportedOSPlatform("windows")]
internal sealed class WhpTrigger : WhpPart
{
    private readonly EventWaitHandle _setOff = new(false, EventResetMode.AutoReset);

    internal WhpTrigger(WhpVm vm, nint trigger, nint setOff) : base(vm, trigger)
    {
        _setOff.SafeWaitHandle.Dispose();
        // The platform's own, which goes with the trigger.
        _setOff.SafeWaitHandle = new SafeWaitHandle(setOff, ownsHandle: false);
    }

    /// <summary>Sets it off. What the guest's SynIC says to that is not told.</summary>
    /// <exception cref="ObjectDisposedException">It was disposed.</exception>
    public void Signal()
    {
        // The platform closes the event with the trigger, which is deleted when the last use of this handle ends.
        bool isHeld = false;
        try
        {
            DangerousAddRef(ref isHeld);
            _setOff.Set();
        }
        finally
        {
            if (isHeld)
                DangerousRelease();
        }
    }

    /// <summary>Has it set another flag from now on.</summary>
    /// <exception cref="WhpException">The platform refused.</exception>
    public void Update(WhpSynicEvent target)
    {
        WhpTriggerParameters parameters = Of(target);
        WhpException.ThrowIfFailed(WhpNative.UpdateTriggerParameters(Vm, in parameters, this), $"WHvUpdateTriggerParameters to flag {target.FlagNumber} of VP {target.VpIndex}");
    }

    internal static WhpTriggerParameters Of(WhpSynicEvent target) =>
        new() { TriggerType = WhpTriggerParameters.SynicEventType, SynicEvent = target };

    /// <inheritdoc/>
    protected override void Dispose(bool disposing)
    {
        if (disposing)
            _setOff.Dispose();
        base.Dispose(disposing);
    }

    private protected override int Delete(nint partition, nint part) => WhpNative.DeleteTrigger(partition, part);
}

// What a trigger sets off. Mirrors WHV_TRIGGER_PARAMETERS (winhvplatformdefs.h).
/// <summary>A trigger: <c>WHV_TRIGGER_PARAMETERS</c>, 32 bytes, here always of an event flag.</summary>
[StructLayout(LayoutKind.Sequential, Size = 32)]
internal struct WhpTriggerParameters
{
    /// <summary><c>WHvTriggerTypeSynicEvent</c>.</summary>
    public const uint SynicEventType = 1;

    public uint TriggerType;
    public uint Reserved;
    public WhpSynicEvent SynicEvent;
}
