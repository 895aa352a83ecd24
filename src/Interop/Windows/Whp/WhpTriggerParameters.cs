// What a trigger sets off. Mirrors WHV_TRIGGER_PARAMETERS (winhvplatformdefs.h).

using System.Runtime.InteropServices;

namespace VmBus.Interop;

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
