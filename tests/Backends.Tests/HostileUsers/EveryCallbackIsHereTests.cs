using System.Reflection;
using VmBus.Core.Tests.Architecture;
using VmBus.InMemory;

namespace VmBus.Backends.Tests.HostileUsers;

/// <summary>
/// Every public callback and every public method that returns a task is in a table that names its tests, and the tests are
/// there. Left out are clocks: a TimeProvider is the framework's, and its timers are tested with the framework's own fake.
/// </summary>
public sealed class EveryCallbackIsHereTests
{
    private const BindingFlags Declared = BindingFlags.Public | BindingFlags.Instance | BindingFlags.Static | BindingFlags.DeclaredOnly;

    // Handed out, never handed in.
    private static readonly string[] OurInterfaces = ["IGuestMemory"];

    private static readonly Assembly[] Assemblies = [typeof(VmBusChannel).Assembly, typeof(InMemoryMachine).Assembly, typeof(Devices.PipeDevice).Assembly];

    private static IEnumerable<Type> Shipped => Assemblies.SelectMany(assembly => assembly.GetExportedTypes());

    [Fact]
    public void Every_callback_has_its_row()
    {
        string[] found = [.. Shipped.SelectMany(CallbacksOf).Distinct(StringComparer.Ordinal).Order(StringComparer.Ordinal)];
        Assert.True(found.Length > 30, "The callbacks are not found.");
        Assert.Empty(found.Except(CallbackCells.All.Keys));
        Assert.Empty(CallbackCells.All.Keys.Except(found));
    }

    [Fact]
    public void Every_method_with_a_task_has_its_row()
    {
        string[] found = [.. Shipped.SelectMany(type => type.GetMethods(Declared)
            .Where(method => !method.IsSpecialName && method.Name != "DisposeAsync" && IsTask(method.ReturnType))
            .Select(method => $"{NameOf(type)}.{method.Name}")).Distinct(StringComparer.Ordinal).Order(StringComparer.Ordinal)];
        Assert.True(found.Length > 50, "The methods are not found.");
        Assert.Empty(found.Except(CancelledCells.All.Keys));
        Assert.Empty(CancelledCells.All.Keys.Except(found));
    }

    // One without a token cannot be cancelled, and one with a token is.
    [Fact]
    public void What_is_said_to_take_no_token_takes_none()
    {
        foreach ((string name, string cell) in CancelledCells.All.Where(row => row.Value.Contains("no token", StringComparison.Ordinal)))
        {
            string[] parts = name.Split('.');
            MethodInfo[] methods = [.. Shipped.Where(type => NameOf(type) == parts[0]).SelectMany(type => type.GetMethods(Declared)).Where(method => method.Name == parts[1])];
            Assert.NotEmpty(methods);
            Assert.DoesNotContain(methods, method => method.GetParameters().Any(parameter => parameter.ParameterType == typeof(CancellationToken)));
            Assert.StartsWith("n.a.", cell, StringComparison.Ordinal);
        }
    }

    [Fact]
    public void Every_test_that_is_named_is_there()
    {
        ILookup<string, string> classes = Repository.Files("tests", "*Tests.cs").ToLookup(path => Path.GetFileNameWithoutExtension(path), Repository.Text, StringComparer.Ordinal);
        IEnumerable<string> cells = CallbackCells.All.Values.SelectMany(row => (string[])[row.Throws, row.ThrowsLater, row.NeverEnds, row.Reenters, row.DisposesOwner])
            .Concat(CancelledCells.All.Values);
        Assert.All(cells.Distinct(StringComparer.Ordinal).Where(cell => !cell.StartsWith("n.a.: ", StringComparison.Ordinal)), cell => Assert.True(IsThere(cell), cell));

        bool IsThere(string cell)
        {
            string[] parts = cell.Split('.');
            return classes[parts[0]].Any(text => text.Contains($" {parts[1]}(", StringComparison.Ordinal));
        }
    }

    private static IEnumerable<string> CallbacksOf(Type type)
    {
        string name = NameOf(type);
        if (type.IsInterface)
            return OurInterfaces.Contains(name) ? [] : type.GetMethods(Declared).Where(method => !method.IsSpecialName).Select(method => $"{name}.{method.Name}");
        return type.GetConstructors().SelectMany(made => made.GetParameters()).Where(parameter => IsCallback(parameter.ParameterType)).Select(parameter => $"{name}({parameter.Name})")
            .Concat(type.GetMethods(Declared).Where(method => !method.IsSpecialName && !IsRecordCopy(method))
                .SelectMany(method => method.GetParameters().Where(parameter => IsCallback(parameter.ParameterType)).Select(parameter => $"{name}.{method.Name}({parameter.Name})")))
            .Concat(type.GetProperties(Declared).Where(property => property.SetMethod is { IsPublic: true } && IsCallback(property.PropertyType)).Select(property => $"{name}.{property.Name}"))
            .Concat(type.GetEvents(Declared).Select(told => $"{name}.{told.Name}"));
    }

    private static bool IsCallback(Type type)
    {
        type = type.IsByRef ? type.GetElementType()! : type;
        if (typeof(Delegate).IsAssignableFrom(type) || type == typeof(Stream) || type == typeof(TaskScheduler))
            return true;
        return type.IsInterface && (Assemblies.Contains(type.Assembly) || NameOf(type) == "IProgress") && !OurInterfaces.Contains(NameOf(type)) && type.Name != "IFileCopyFile";
    }

    private static bool IsRecordCopy(MethodInfo method) => method.Name is "Equals" or "Deconstruct";

    private static bool IsTask(Type type) => typeof(Task).IsAssignableFrom(type) || type == typeof(ValueTask)
        || (type.IsGenericType && (type.GetGenericTypeDefinition() == typeof(ValueTask<>) || type.GetGenericTypeDefinition() == typeof(IAsyncEnumerable<>)));

    private static string NameOf(Type type) => type.Name.Split('`')[0];
}
