using System.Diagnostics.Tracing;
using System.Globalization;

namespace VmBus.MachineCode.Tests;

/// <summary>Hears of each of the library's methods that the JIT of this process compiles (<c>MethodLoadVerbose</c>).</summary>
internal sealed class JitEvents : EventListener
{
    private const EventKeywords Jit = (EventKeywords)0x10;
    private const int TierShift = 7;
    private const uint TierMask = 7;
    private const uint Optimized2 = 2;       // MethodFlagsJitOptimizationTier: Optimized, without tiers
    private const uint OptimizedTier1 = 4;

    private readonly Lock _lock = new();
    private readonly List<JitMethod> _methods = [];

    /// <summary>The last optimized version of each method, by type and name.</summary>
    public Dictionary<string, JitMethod> Optimized()
    {
        lock (_lock)
            return _methods.Where(method => method.IsOptimized).GroupBy(method => method.Name).ToDictionary(same => same.Key, same => same.Last());
    }

    /// <summary>The name of the method whose code, in any version, begins at an address.</summary>
    public string? MethodAt(ulong address)
    {
        lock (_lock)
            return _methods.FirstOrDefault(method => method.Address == address).Name;
    }

    protected override void OnEventSourceCreated(EventSource eventSource)
    {
        if (eventSource.Name == "Microsoft-Windows-DotNETRuntime")
            EnableEvents(eventSource, EventLevel.Verbose, Jit);
    }

    protected override void OnEventWritten(EventWrittenEventArgs eventData)
    {
        if (eventData.EventName?.StartsWith("MethodLoadVerbose", StringComparison.Ordinal) != true)
            return;
        string type = (string)Field(eventData, "MethodNamespace");
        if (!type.StartsWith("VmBus.", StringComparison.Ordinal))
            return;
        uint tier = Convert.ToUInt32(Field(eventData, "MethodFlags"), CultureInfo.InvariantCulture) >> TierShift & TierMask;
        type = type.Split('`')[0];
        // Overloads stay apart by their signature, without spaces because the listing is parted by them.
        string signature = ((string)Field(eventData, "MethodSignature")).Replace(" ", "", StringComparison.Ordinal);
        string name = $"{type[(type.LastIndexOf('.') + 1)..]}.{Field(eventData, "MethodName")}";
        if (type != typeof(Entries).FullName)
            name += signature;
        JitMethod method = new(
            name,
            Convert.ToUInt64(Field(eventData, "MethodStartAddress"), CultureInfo.InvariantCulture),
            Convert.ToInt32(Field(eventData, "MethodSize"), CultureInfo.InvariantCulture),
            tier is Optimized2 or OptimizedTier1);
        lock (_lock)
            _methods.Add(method);
    }

    private static object Field(EventWrittenEventArgs data, string name) => data.Payload![data.PayloadNames!.IndexOf(name)]!;
}
