// Writes down what the JIT of this very process made of the library: the runtime's own events tell where each method's
// code lies and how well it was optimized; the calls in it are followed through the runtime's stubs.

using System.Reflection;
using System.Runtime.CompilerServices;
using System.Runtime.InteropServices;
using Iced.Intel;
using VmBus.Hosting;

namespace VmBus.MachineCode.Tests;

internal static class JitListing
{
    /// <summary>Runs the workload until every entry and all it leads to is optimized, and writes that down.</summary>
    /// <param name="file">Where to.</param>
    /// <returns>0, or 1 when the runtime did not optimize everything.</returns>
    public static int Write(string file)
    {
        using JitEvents events = new();
        // Without tiers, methods that never run are compiled too, so that calls to them have names.
        if (Environment.GetEnvironmentVariable("DOTNET_TieredCompilation") == "0")
            PrepareAll();

        string[] entries = [.. typeof(Entries).GetMethods(BindingFlags.Public | BindingFlags.Static | BindingFlags.DeclaredOnly).Select(entry => "Entries." + entry.Name)];
        using Workload workload = new();
        long start = Environment.TickCount64;
        while (true)
        {
            workload.Run(100);
            Dictionary<string, JitMethod> optimized = events.Optimized();
            if (entries.All(optimized.ContainsKey))
            {
                Dictionary<ulong, ulong> targets = Targets(optimized, events, out string? unfinished);
                if (unfinished is null)
                {
                    CodeListing.Write(file, optimized.Select(method => (method.Key, method.Value.Address, Bytes(method.Value))), targets);
                    return 0;
                }

                if (Environment.TickCount64 - start > Patience.Limit.TotalMilliseconds)
                    return Fail($"{unfinished} was not optimized in {Patience.Limit.TotalSeconds} s.");
            }
            else if (Environment.TickCount64 - start > Patience.Limit.TotalMilliseconds)
            {
                return Fail($"{string.Join(", ", entries.Where(entry => !optimized.ContainsKey(entry)))} were not optimized in {Patience.Limit.TotalSeconds} s.");
            }
        }
    }

    private static int Fail(string message)
    {
        Console.Error.WriteLine(message);
        return 1;
    }

    private static void PrepareAll()
    {
        const BindingFlags All = BindingFlags.Public | BindingFlags.NonPublic | BindingFlags.Static | BindingFlags.Instance | BindingFlags.DeclaredOnly;
        foreach (Assembly assembly in (Assembly[])[typeof(VmBus.ChannelSignaler).Assembly, typeof(MonitorExaminer).Assembly, typeof(Entries).Assembly])
        {
            foreach (Type type in assembly.GetTypes().Where(type => !type.ContainsGenericParameters && !type.IsSubclassOf(typeof(Delegate))))
            {
                foreach (MethodBase method in type.GetMethods(All).Cast<MethodBase>().Concat(type.GetConstructors(All)))
                {
                    if (!method.IsAbstract && !method.ContainsGenericParameters && (method.MethodImplementationFlags & MethodImplAttributes.InternalCall) == 0)
                        RuntimeHelpers.PrepareMethod(method.MethodHandle);
                }
            }
        }
    }

    // Calls lead to the best code of the method they name, whichever they lead to at this moment.
    private static Dictionary<ulong, ulong> Targets(Dictionary<string, JitMethod> optimized, JitEvents events, out string? unfinished)
    {
        Dictionary<ulong, ulong> targets = [];
        HashSet<string> seen = [.. optimized.Keys.Where(name => name.StartsWith("Entries.", StringComparison.Ordinal))];
        Queue<string> toFollow = new(seen);
        unfinished = null;
        while (toFollow.TryDequeue(out string? name))
        {
            JitMethod method = optimized[name];
            Instruction previous = default;
            foreach (Instruction instruction in new CompiledMethod(name, method.Address, Bytes(method)).Instructions)
            {
                ulong target = Follow(instruction, previous, method);
                previous = instruction;
                if (target == 0 || events.MethodAt(target) is not { } callee)
                    continue;
                if (!optimized.TryGetValue(callee, out JitMethod best))
                {
                    unfinished ??= callee;
                    continue;
                }

                targets[instruction.IP] = best.Address;
                if (seen.Add(callee))
                    toFollow.Enqueue(callee);
            }
        }

        return targets;
    }

    private static ulong Follow(in Instruction instruction, in Instruction previous, JitMethod inside)
    {
        if (instruction.FlowControl is not (FlowControl.Call or FlowControl.IndirectCall or FlowControl.UnconditionalBranch or FlowControl.IndirectBranch))
            return 0;
        ulong target = Destination(instruction, previous);
        if (target - inside.Address < (ulong)inside.Size)
            return 0;
        // A precode stub, a counting stub, a jump stub: none is more than a few jumps away from code.
        for (int hop = 0; hop < 8 && target != 0; hop++)
        {
            Instruction stub = Decode(target);
            if (stub.FlowControl is not (FlowControl.UnconditionalBranch or FlowControl.IndirectBranch))
                break;
            target = Destination(stub, default);
        }

        return target;
    }

    private static ulong Destination(in Instruction instruction, in Instruction previous)
    {
        if (instruction.Op0Kind == OpKind.NearBranch64)
            return instruction.NearBranchTarget;
        if (instruction.Op0Kind == OpKind.Memory && instruction.IsIPRelativeMemoryOperand)
            return (ulong)Marshal.ReadInt64((nint)instruction.IPRelativeMemoryAddress);
        bool constant = previous is { Code: Code.Mov_r64_imm64 };
        if (constant && instruction.Op0Kind == OpKind.Register && instruction.Op0Register == previous.Op0Register)
            return previous.Immediate64;
        if (constant && instruction.Op0Kind == OpKind.Memory && instruction.MemoryBase == previous.Op0Register && instruction.MemoryDisplacement64 == 0 && instruction.MemoryIndex == Register.None)
            return (ulong)Marshal.ReadInt64((nint)previous.Immediate64);
        return 0;
    }

    private static Instruction Decode(ulong address)
    {
        byte[] bytes = new byte[16];
        Marshal.Copy((nint)address, bytes, 0, bytes.Length);
        return Decoder.Create(64, bytes, address).Decode();
    }

    private static byte[] Bytes(JitMethod method)
    {
        byte[] bytes = new byte[method.Size];
        Marshal.Copy((nint)method.Address, bytes, 0, bytes.Length);
        return bytes;
    }
}
