// The calls of WinHvPlatform.dll that are used here, as winhvplatform.h declares them.

using System.Runtime.InteropServices;
using System.Runtime.Versioning;

namespace VmBus.Interop;

// Only from the system's own folder: a DLL of that name beside a program is not the platform.
[SupportedOSPlatform("windows")]
internal static unsafe partial class WhpNative
{
    private const string Library = "WinHvPlatform.dll";
    private const DllImportSearchPath Where = DllImportSearchPath.System32;

    [LibraryImport(Library, EntryPoint = "WHvGetCapability"), DefaultDllImportSearchPaths(Where)]
    internal static partial int GetCapability(WhpCapability code, void* buffer, uint size, out uint written);

    [LibraryImport(Library, EntryPoint = "WHvCreatePartition"), DefaultDllImportSearchPaths(Where)]
    internal static partial int CreatePartition(out nint partition);

    [LibraryImport(Library, EntryPoint = "WHvSetupPartition"), DefaultDllImportSearchPaths(Where)]
    internal static partial int SetupPartition(WhpVm partition);

    [LibraryImport(Library, EntryPoint = "WHvDeletePartition"), DefaultDllImportSearchPaths(Where)]
    internal static partial int DeletePartition(nint partition);

    [LibraryImport(Library, EntryPoint = "WHvSetPartitionProperty"), DefaultDllImportSearchPaths(Where)]
    internal static partial int SetPartitionProperty(WhpVm partition, WhpProperty code, void* value, uint size);

    [LibraryImport(Library, EntryPoint = "WHvMapGpaRange"), DefaultDllImportSearchPaths(Where)]
    internal static partial int MapGpaRange(WhpVm partition, nint source, ulong gpa, ulong size, WhpMapping flags);

    [LibraryImport(Library, EntryPoint = "WHvUnmapGpaRange"), DefaultDllImportSearchPaths(Where)]
    internal static partial int UnmapGpaRange(WhpVm partition, ulong gpa, ulong size);

    [LibraryImport(Library, EntryPoint = "WHvCreateVirtualProcessor"), DefaultDllImportSearchPaths(Where)]
    internal static partial int CreateVirtualProcessor(WhpVm partition, uint vp, uint flags);

    [LibraryImport(Library, EntryPoint = "WHvDeleteVirtualProcessor"), DefaultDllImportSearchPaths(Where)]
    internal static partial int DeleteVirtualProcessor(nint partition, uint vp);

    [LibraryImport(Library, EntryPoint = "WHvRunVirtualProcessor"), DefaultDllImportSearchPaths(Where)]
    internal static partial int RunVirtualProcessor(WhpVm partition, uint vp, WhpExit* exit, uint size);

    [LibraryImport(Library, EntryPoint = "WHvCancelRunVirtualProcessor"), DefaultDllImportSearchPaths(Where)]
    internal static partial int CancelRunVirtualProcessor(WhpVm partition, uint vp, uint flags);

    [LibraryImport(Library, EntryPoint = "WHvGetVirtualProcessorRegisters"), DefaultDllImportSearchPaths(Where)]
    internal static partial int GetRegisters(WhpVm partition, uint vp, WhpRegister* names, uint count, WhpRegisterValue* values);

    [LibraryImport(Library, EntryPoint = "WHvSetVirtualProcessorRegisters"), DefaultDllImportSearchPaths(Where)]
    internal static partial int SetRegisters(WhpVm partition, uint vp, WhpRegister* names, uint count, WhpRegisterValue* values);

    [LibraryImport(Library, EntryPoint = "WHvPostVirtualProcessorSynicMessage"), DefaultDllImportSearchPaths(Where)]
    internal static partial int PostMessage(WhpVm partition, uint vp, uint sint, void* message, uint size);

    [LibraryImport(Library, EntryPoint = "WHvSignalVirtualProcessorSynicEvent"), DefaultDllImportSearchPaths(Where)]
    internal static partial int SignalEvent(WhpVm partition, WhpSynicEvent target, out int newlySignaled);

    [LibraryImport(Library, EntryPoint = "WHvCreateNotificationPort"), DefaultDllImportSearchPaths(Where)]
    internal static partial int CreateNotificationPort(WhpVm partition, in WhpPortParameters parameters, SafeHandle signalled, out nint port);

    [LibraryImport(Library, EntryPoint = "WHvSetNotificationPortProperty"), DefaultDllImportSearchPaths(Where)]
    internal static partial int SetNotificationPortProperty(WhpVm partition, WhpPort port, WhpPortProperty code, ulong value);

    [LibraryImport(Library, EntryPoint = "WHvDeleteNotificationPort"), DefaultDllImportSearchPaths(Where)]
    internal static partial int DeleteNotificationPort(nint partition, nint port);

    [LibraryImport(Library, EntryPoint = "WHvCreateTrigger"), DefaultDllImportSearchPaths(Where)]
    internal static partial int CreateTrigger(WhpVm partition, in WhpTriggerParameters parameters, out nint trigger, out nint setOff);

    [LibraryImport(Library, EntryPoint = "WHvUpdateTriggerParameters"), DefaultDllImportSearchPaths(Where)]
    internal static partial int UpdateTriggerParameters(WhpVm partition, in WhpTriggerParameters parameters, WhpTrigger trigger);

    [LibraryImport(Library, EntryPoint = "WHvDeleteTrigger"), DefaultDllImportSearchPaths(Where)]
    internal static partial int DeleteTrigger(nint partition, nint trigger);
}
