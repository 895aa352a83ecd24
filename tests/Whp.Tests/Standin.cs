using System.Reflection;
using System.Runtime.CompilerServices;
using System.Runtime.InteropServices;
using VmBus.Interop;

namespace VmBus.Whp.Tests;

/// <summary>The guest's side of the stand-in WinHvPlatform.dll (Standin/standin.c), and what it recorded.</summary>
internal static unsafe partial class Standin
{
    private const string Library = "WinHvPlatform.dll";

    /// <summary>Which stand-in this run is made with: "standin", "standin-old" without ports and triggers, "none".</summary>
    public static string Kind { get; } = Environment.GetEnvironmentVariable("VMBUS_STANDIN") ?? "standin";

    public static bool IsOld => Kind == "standin-old";

    /// <summary>The calls that a partition got, by name, without what only waits.</summary>
    public static List<StandinCall> Calls(nint partition)
    {
        var calls = new List<StandinCall>();
        byte* name = stackalloc byte[48];
        byte* bytes = stackalloc byte[400];
        uint count = RecordCount(partition);
        for (uint i = 0; i < count; i++)
        {
            int length = (int)Record(partition, i, name, bytes);
            calls.Add(new StandinCall(Marshal.PtrToStringUTF8((nint)name)!, new ReadOnlySpan<byte>(bytes, length).ToArray()));
        }
        return calls;
    }

    /// <summary>Has a VP exit, and waits until it is run again.</summary>
    public static bool Exit(nint partition, int vp, WhpExit exit) => Exit(partition, (uint)vp, &exit) != 0;

    // The platform's own imports look into the system's folder alone; here they find the stand-in.
    [ModuleInitializer]
    [System.Diagnostics.CodeAnalysis.SuppressMessage("Usage", "CA2255", Justification = "A test program of its own.")]
    internal static void Resolve()
    {
        if (Kind == "none")
            return;
        string path = Path.Combine(AppContext.BaseDirectory, Kind, Library);
        DllImportResolver resolver = (name, _, _) => name == Library ? NativeLibrary.Load(path) : 0;
        NativeLibrary.SetDllImportResolver(typeof(WhpVm).Assembly, resolver);
        NativeLibrary.SetDllImportResolver(Assembly.GetExecutingAssembly(), resolver);
    }

    [LibraryImport(Library, EntryPoint = "StandinSay")]
    internal static partial void Say(uint what, ulong value);

    [LibraryImport(Library, EntryPoint = "StandinSetSynic")]
    internal static partial void SetSynic(nint partition, uint vp, ulong control, ulong simp, ulong siefp);

    [LibraryImport(Library, EntryPoint = "StandinInterrupt")]
    internal static partial nint Interrupt(nint partition, uint vp);

    [LibraryImport(Library, EntryPoint = "StandinEom")]
    internal static partial void WriteEom(nint partition);

    [LibraryImport(Library, EntryPoint = "StandinRegister")]
    internal static partial ulong Register(nint partition, uint vp, WhpRegister register);

    [LibraryImport(Library, EntryPoint = "StandinSignalPort")]
    internal static partial int SignalPort(nint partition, uint connection);

    [LibraryImport(Library, EntryPoint = "StandinLeft")]
    internal static partial uint Left(nint partition);

    [LibraryImport(Library, EntryPoint = "StandinExit")]
    private static partial int Exit(nint partition, uint vp, WhpExit* exit);

    [LibraryImport(Library, EntryPoint = "StandinRecordCount")]
    private static partial uint RecordCount(nint partition);

    [LibraryImport(Library, EntryPoint = "StandinRecord")]
    private static partial uint Record(nint partition, uint index, byte* name, byte* bytes);
}
